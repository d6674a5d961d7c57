"""Blocking StackOne client: one call at a time, and iterators over the pages of lists."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from typing import Self

import httpx

from assignments.stackone.api import AsyncStackOne
from assignments.stackone.list_parsing import MAX_ACCOUNT_PAGES
from assignments.stackone.paging import MAX_USER_PAGES, Identified, Pagination, iterate_pages
from assignments.stackone.resources import (
    CreatedAssignment,
    LearningObject,
    LinkedAccount,
    NewAssignment,
    Page,
    RemoteAssignment,
    User,
)


def _send_immediately() -> None:
    """Send the request without waiting."""


@dataclass(kw_only=True, eq=False)
class StackOne:
    """`AsyncStackOne` for one thread, with one connection; its methods raise the same errors.

    :param before_request: called before every request; blocks until the request may be sent
    """

    base_url: str
    api_key: InitVar[str]
    account_id: str
    contract: str = "2025-12"
    status_style: str = "underscore"
    before_request: Callable[[], None] = field(default=_send_immediately, repr=False)
    timeout_seconds: float = 65.0
    allows_private: bool = False
    transport: InitVar[httpx.AsyncBaseTransport | None] = None

    def __post_init__(self, api_key: str, transport: httpx.AsyncBaseTransport | None) -> None:
        self._client = AsyncStackOne(
            base_url=self.base_url,
            api_key=api_key,
            account_id=self.account_id,
            contract=self.contract,
            status_style=self.status_style,
            timeout_seconds=self.timeout_seconds,
            allows_private=self.allows_private,
            transport=transport,
        )
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._runner.run(self._client.close())
        self._runner.close()

    @property
    def last_date(self) -> str:
        """The Date header of the latest response, or ""."""
        return self._client.last_headers.get("date", "")

    def user_pages(
        self, updated_after: datetime | None = None, position: Pagination | None = None
    ) -> Iterator[Page[User]]:
        """Yield pages of the users from a position: all, or those updated after a time."""
        return self._iterate(lambda at: self._client.user_page(at, updated_after), position)

    def content_pages(
        self, updated_after: datetime | None = None, position: Pagination | None = None
    ) -> Iterator[Page[LearningObject]]:
        """Yield pages of the content items from a position: all, or those updated after a time."""
        return self._iterate(lambda at: self._client.content_page(at, updated_after), position)

    def course_pages(
        self, updated_after: datetime | None = None, position: Pagination | None = None
    ) -> Iterator[Page[LearningObject]]:
        """Yield pages of the courses from a position: all, or those updated after a time."""
        return self._iterate(lambda at: self._client.course_page(at, updated_after), position)

    def assignment_pages(
        self, updated_after: datetime | None = None, position: Pagination | None = None
    ) -> Iterator[Page[RemoteAssignment]]:
        """Yield pages of all users' assignments from a position: all, or those updated after."""
        return self._iterate(lambda at: self._client.assignment_page(at, updated_after), position)

    def user_assignment_pages(self, user_id: str) -> Iterator[Page[RemoteAssignment]]:
        """Yield every page of a user's assignments."""
        position = Pagination(max_pages=MAX_USER_PAGES)
        return self._iterate(lambda at: self._client.user_assignment_page(user_id, at), position)

    def user(self, user_id: str) -> User:
        """Return one user."""
        return self._run(self._client.user(user_id))

    def accounts(self) -> tuple[LinkedAccount, ...]:
        """Return every account that is linked behind the key, whether it is an LMS or not."""
        accounts: dict[str, LinkedAccount] = {}
        for number in range(1, MAX_ACCOUNT_PAGES + 1):
            page = self._run(self._client.account_page(number))
            new = {account.id: account for account in page if account.id not in {"", *accounts}}
            if not new:
                break
            accounts |= new
        return tuple(accounts.values())

    def create_assignment(self, user_id: str, new: NewAssignment) -> CreatedAssignment:
        """Assign content to one user, with a request that is sent once."""
        return self._run(self._client.create_assignment(user_id, new))

    def _iterate[Item: Identified](
        self,
        fetch: Callable[[str | None], Coroutine[object, object, Page[Item]]],
        position: Pagination | None,
    ) -> Iterator[Page[Item]]:
        return iterate_pages(lambda at: self._run(fetch(at)), position or Pagination())

    def _run[Result](self, call: Coroutine[object, object, Result]) -> Result:
        self.before_request()
        return self._runner.run(call)
