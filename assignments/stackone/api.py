"""The calls of the StackOne Unified LMS API that this product needs, many at once if need be."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from typing import Final, Self

import httpx

from assignments.stackone import list_parsing, outcome_rules
from assignments.stackone.address import checked_base_url, is_plain, segment
from assignments.stackone.api_key import Secret
from assignments.stackone.http_exchange import Ask, Wire
from assignments.stackone.paging import PAGE_SIZE, Walk
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
from assignments.stackone.responses import Reply

LMS: Final = "/unified/lms"
OK: Final = 200
CREATED: Final = 201


@dataclass(kw_only=True, eq=False)
class AsyncStackOne:
    """The LMS of one linked account, on one event loop; as many connections as calls at once.

    Nothing is ever sent twice by itself. Every method that calls raises what `errors` names:

    :raises NotSent: no connection was made, or StackOne asks to come back later
    :raises Refused: the answer is final
    :raises OutcomeUnknown: no answer that can be read; for a read that means: try again

    :param contract: "2025-12" or "2025-02", the published version that requests follow
    :param status_style: "underscore" or "hyphen", how in_progress is written
    :param timeout_seconds: how long one call may take from its start to the end of its answer
    :param allows_private: the base URL may lead into a private network
    :param transport: takes the place of the network, for tests
    :ivar last_headers: the headers of the latest answer, names in lower case
    """

    base_url: str
    api_key: InitVar[str]
    account_id: str
    contract: str = "2025-12"
    status_style: str = "underscore"
    timeout_seconds: float = 65.0
    allows_private: bool = False
    transport: InitVar[httpx.AsyncBaseTransport | None] = None
    last_headers: Mapping[str, str] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self, api_key: str, transport: httpx.AsyncBaseTransport | None) -> None:
        self.base_url = checked_base_url(self.base_url)
        if not is_plain(self.account_id):
            raise ValueError("Write the account id with plain letters, digits and signs only.")
        self._account = {"x-account-id": self.account_id}
        self._wire = Wire(
            base_url=self.base_url,
            key=Secret(api_key),
            timeout_seconds=self.timeout_seconds,
            transport=transport,
            allows_private=self.allows_private,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

    async def users(self, place: str | None, updated_after: datetime | None) -> Page[User]:
        """Return a page of the users, all or those changed since."""
        return await self._page("/users", User.from_json, place, updated_after)

    async def content(
        self, place: str | None, updated_after: datetime | None
    ) -> Page[LearningObject]:
        """Return a page of the content items, all or those changed since."""
        return await self._page("/content", LearningObject.from_json, place, updated_after)

    async def courses(
        self, place: str | None, updated_after: datetime | None
    ) -> Page[LearningObject]:
        """Return a page of the courses, all or those changed since."""
        return await self._page("/courses", LearningObject.course_from_json, place, updated_after)

    async def assignments(
        self, place: str | None, updated_after: datetime | None
    ) -> Page[RemoteAssignment]:
        """Return a page of everybody's assignments, all or those changed since."""
        return await self._page("/assignments", RemoteAssignment.from_json, place, updated_after)

    async def user_assignments(self, user_id: str, place: str | None) -> Page[RemoteAssignment]:
        """Return a page of one user's assignments."""
        return await self._page(_assignments_of(user_id), RemoteAssignment.from_json, place, None)

    async def user_assignment_pages(self, user_id: str) -> AsyncIterator[Page[RemoteAssignment]]:
        """Walk through one user's assignments."""
        way = Walk(None)
        while not way.is_over:
            way.check()
            page = await self.user_assignments(user_id, way.cursor)
            way.note(page)
            yield page

    async def user(self, user_id: str) -> User:
        """Return one user."""
        reply = await self._lms(f"/users/{segment(user_id)}", {})
        return User.from_json(list_parsing.one(reply))

    async def accounts(self, page: int) -> list[LinkedAccount]:
        """Return a page, from 1 on, of the accounts that are linked behind the key."""
        params = {"page": str(page), "page_size": PAGE_SIZE}
        return list_parsing.accounts(await self._ask(Ask("GET", "/accounts", params), wants=OK))

    async def create_assignment(self, user_id: str, new: NewAssignment) -> Created:
        """Assign content to one user, with a request that is sent once.

        :raises NotSent: nothing was created; try again later
        :raises Refused: nothing was created; trying again will not help
        :raises OutcomeUnknown: it may have been created
        """
        body = new.as_json(self.contract, self.status_style)
        ask = Ask("POST", LMS + _assignments_of(user_id), {}, self._account, body)
        return outcome_rules.created(await self._ask(ask, wants=CREATED))

    async def _page[Item](
        self,
        path: str,
        read: Callable[[Mapping[str, object]], Item],
        place: str | None,
        updated_after: datetime | None,
    ) -> Page[Item]:
        params = {"page_size": PAGE_SIZE}
        if updated_after is not None:
            params["filter[updated_after]"] = written(updated_after)
        if place:
            params["next"] = place
        return list_parsing.page(await self._lms(path, params), read)

    async def _lms(self, path: str, params: Mapping[str, str]) -> Reply:
        return await self._ask(Ask("GET", LMS + path, params, self._account), wants=OK)

    async def _ask(self, ask: Ask, *, wants: int) -> Reply:
        reply = await self._wire.send(ask)
        self.last_headers = reply.headers
        if reply.status != wants:
            raise outcome_rules.failure(reply)
        return reply


def _assignments_of(user_id: str) -> str:
    return f"/users/{segment(user_id)}/assignments"
