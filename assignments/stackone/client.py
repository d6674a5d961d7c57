"""The StackOne Unified LMS API, as far as this product needs it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Final, Self

import httpx

from assignments.stackone import listing, verdicts
from assignments.stackone.address import checked_base_url, is_plain, segment
from assignments.stackone.paging import PAGE_SIZE, Identified, walk
from assignments.stackone.replies import Reply
from assignments.stackone.resources import (
    Created,
    LearningObject,
    LinkedAccount,
    NewAssignment,
    Page,
    RemoteAssignment,
    User,
    written,
)
from assignments.stackone.secret import Secret
from assignments.stackone.wire import Wire

LMS: Final = "/unified/lms"
OK: Final = 200
CREATED: Final = 201


def _at_once() -> None:
    """Let the request leave without waiting."""


@dataclass(kw_only=True, eq=False)
class StackOne:
    """The LMS of one linked account; for one thread, which keeps one connection open.

    Nothing is ever sent twice by itself. Every method that calls raises what `errors` names:

    :raises NotSent: no connection was made, or StackOne asks to come back later
    :raises Refused: the answer is final
    :raises OutcomeUnknown: no answer that can be read; for a read that means: try again

    :param contract: "2025-12" or "2025-02", the published version that requests follow
    :param status_style: "underscore" or "hyphen", how in_progress is written
    :param pace: called before every request; it returns when the request may leave
    :param timeout_seconds: how long one call may take from its start to the end of its answer
    :param transport: takes the place of the network, for tests
    :ivar last_date: the Date header of the latest answer, or ""
    """

    base_url: str
    api_key: InitVar[str]
    account_id: str
    contract: str = "2025-12"
    status_style: str = "underscore"
    pace: Callable[[], None] = field(default=_at_once, repr=False)
    timeout_seconds: float = 65.0
    transport: InitVar[httpx.BaseTransport | None] = None
    last_date: str = field(default="", init=False, repr=False)

    def __post_init__(self, api_key: str, transport: httpx.BaseTransport | None) -> None:
        self.base_url = checked_base_url(self.base_url)
        if not is_plain(self.account_id):
            raise ValueError("Write the account id with plain letters, digits and signs only.")
        self._wire = Wire(
            base_url=self.base_url,
            key=Secret(api_key),
            timeout_seconds=self.timeout_seconds,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()

    def user_pages(
        self, updated_after: datetime | None = None, cursor: str | None = None
    ) -> Iterator[Page[User]]:
        """Walk through the users, all or those changed since, from a cursor on."""
        return self._walk("/users", User.from_json, updated_after, cursor)

    def content_pages(
        self, updated_after: datetime | None = None, cursor: str | None = None
    ) -> Iterator[Page[LearningObject]]:
        """Walk through the content items, all or those changed since, from a cursor on."""
        return self._walk("/content", LearningObject.from_json, updated_after, cursor)

    def course_pages(
        self, updated_after: datetime | None = None, cursor: str | None = None
    ) -> Iterator[Page[LearningObject]]:
        """Walk through the courses, all or those changed since, from a cursor on."""
        return self._walk("/courses", LearningObject.course_from_json, updated_after, cursor)

    def assignment_pages(
        self, updated_after: datetime | None = None, cursor: str | None = None
    ) -> Iterator[Page[RemoteAssignment]]:
        """Walk through everybody's assignments, all or those changed since, from a cursor on."""
        return self._walk("/assignments", RemoteAssignment.from_json, updated_after, cursor)

    def user_assignment_pages(self, user_id: str) -> Iterator[Page[RemoteAssignment]]:
        """Walk through one user's assignments."""
        return self._walk(_assignments_of(user_id), RemoteAssignment.from_json, None, None)

    def user(self, user_id: str) -> User:
        """Return one user."""
        return User.from_json(listing.one(self._lms("GET", f"/users/{segment(user_id)}")))

    def accounts(self) -> tuple[LinkedAccount, ...]:
        """Return every account that is linked behind the key, LMS or not."""
        found: dict[str, LinkedAccount] = {}
        for number in range(1, listing.MOST_ACCOUNT_PAGES + 1):
            params = {"page": str(number), "page_size": PAGE_SIZE}
            page = listing.accounts(self._request("GET", "/accounts", headers={}, params=params))
            new = {account.id: account for account in page if account.id not in {"", *found}}
            if not new:
                break
            found |= new
        return tuple(found.values())

    def create_assignment(self, user_id: str, new: NewAssignment) -> Created:
        """Assign content to one user, with a request that is sent once.

        :raises NotSent: nothing was created; try again later
        :raises Refused: nothing was created; trying again will not help
        :raises OutcomeUnknown: it may have been created
        """
        body = new.as_json(self.contract, self.status_style)
        return verdicts.created(
            self._lms("POST", _assignments_of(user_id), json=body, wants=CREATED)
        )

    def _walk[Item: Identified](
        self,
        path: str,
        read: Callable[[Mapping[str, object]], Item],
        updated_after: datetime | None,
        cursor: str | None,
    ) -> Iterator[Page[Item]]:
        asked = {"page_size": PAGE_SIZE}
        if updated_after is not None:
            asked["filter[updated_after]"] = written(updated_after)

        def fetch(place: str | None) -> Page[Item]:
            params = asked | ({"next": place} if place else {})
            return listing.page(self._lms("GET", path, params=params), read)

        return walk(fetch, cursor)

    def _lms(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
        wants: int = OK,
    ) -> Reply:
        headers = {"x-account-id": self.account_id}
        return self._request(
            method, LMS + path, headers=headers, params=params, json=json, wants=wants
        )

    def _request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
        wants: int = OK,
    ) -> Reply:
        self.pace()
        reply = self._wire.send(method, path, headers=headers, params=params, json=json)
        self.last_date = reply.headers.get("date", "")
        if reply.status != wants:
            raise verdicts.failure(reply)
        return reply


def _assignments_of(user_id: str) -> str:
    return f"/users/{segment(user_id)}/assignments"
