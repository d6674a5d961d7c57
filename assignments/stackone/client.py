"""The StackOne client for code that waits: one call after the other, and walks through lists."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from typing import Self

import httpx

from assignments.stackone.api import AsyncStackOne
from assignments.stackone.list_parsing import MOST_ACCOUNT_PAGES
from assignments.stackone.paging import Identified, walk
from assignments.stackone.resources import (
    Created,
    LearningObject,
    LinkedAccount,
    NewAssignment,
    Page,
    RemoteAssignment,
    User,
)


def _at_once() -> None:
    """Let the request leave without waiting."""


@dataclass(kw_only=True, eq=False)
class StackOne:
    """`AsyncStackOne` for one thread, which keeps one connection open; with the same errors.

    :param pace: called before every request; it returns when the request may leave
    """

    base_url: str
    api_key: InitVar[str]
    account_id: str
    contract: str = "2025-12"
    status_style: str = "underscore"
    pace: Callable[[], None] = field(default=_at_once, repr=False)
    timeout_seconds: float = 65.0
    allows_private: bool = False
    transport: InitVar[httpx.AsyncBaseTransport | None] = None

    def __post_init__(self, api_key: str, transport: httpx.AsyncBaseTransport | None) -> None:
        self._calls = AsyncStackOne(
            base_url=self.base_url,
            api_key=api_key,
            account_id=self.account_id,
            contract=self.contract,
            status_style=self.status_style,
            timeout_seconds=self.timeout_seconds,
            allows_private=self.allows_private,
            transport=transport,
        )
        self._loop = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._loop.run(self._calls.close())
        self._loop.close()

    @property
    def last_date(self) -> str:
        """The Date header of the latest answer, or ""."""
        return self._calls.last_headers.get("date", "")

    def user_pages(
        self, updated_after: datetime | None = None, cursor: str | None = None
    ) -> Iterator[Page[User]]:
        """Walk through the users, all or those changed since, from a cursor on."""
        return self._walk(lambda place: self._calls.users(place, updated_after), cursor)

    def content_pages(
        self, updated_after: datetime | None = None, cursor: str | None = None
    ) -> Iterator[Page[LearningObject]]:
        """Walk through the content items, all or those changed since, from a cursor on."""
        return self._walk(lambda place: self._calls.content(place, updated_after), cursor)

    def course_pages(
        self, updated_after: datetime | None = None, cursor: str | None = None
    ) -> Iterator[Page[LearningObject]]:
        """Walk through the courses, all or those changed since, from a cursor on."""
        return self._walk(lambda place: self._calls.courses(place, updated_after), cursor)

    def assignment_pages(
        self, updated_after: datetime | None = None, cursor: str | None = None
    ) -> Iterator[Page[RemoteAssignment]]:
        """Walk through everybody's assignments, all or those changed since, from a cursor on."""
        return self._walk(lambda place: self._calls.assignments(place, updated_after), cursor)

    def user_assignment_pages(self, user_id: str) -> Iterator[Page[RemoteAssignment]]:
        """Walk through one user's assignments."""
        return self._walk(lambda place: self._calls.user_assignments(user_id, place), None)

    def user(self, user_id: str) -> User:
        """Return one user."""
        return self._wait(self._calls.user(user_id))

    def accounts(self) -> tuple[LinkedAccount, ...]:
        """Return every account that is linked behind the key, LMS or not."""
        found: dict[str, LinkedAccount] = {}
        for number in range(1, MOST_ACCOUNT_PAGES + 1):
            page = self._wait(self._calls.accounts(number))
            new = {account.id: account for account in page if account.id not in {"", *found}}
            if not new:
                break
            found |= new
        return tuple(found.values())

    def create_assignment(self, user_id: str, new: NewAssignment) -> Created:
        """Assign content to one user, with a request that is sent once."""
        return self._wait(self._calls.create_assignment(user_id, new))

    def _walk[Item: Identified](
        self,
        fetch: Callable[[str | None], Coroutine[object, object, Page[Item]]],
        cursor: str | None,
    ) -> Iterator[Page[Item]]:
        return walk(lambda place: self._wait(fetch(place)), cursor)

    def _wait[Answer](self, call: Coroutine[object, object, Answer]) -> Answer:
        self.pace()
        return self._loop.run(call)
