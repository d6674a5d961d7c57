"""The calls of the StackOne Unified LMS API that Assignment Desk makes, as coroutines."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from typing import Final, Self

import httpx

from assignments.stackone import list_parsing, outcome_rules
from assignments.stackone.address import encode_path_segment, is_visible_ascii, validate_base_url
from assignments.stackone.api_key import ApiKey
from assignments.stackone.http_exchange import ApiRequest, HttpClient
from assignments.stackone.paging import MAX_USER_PAGES, PAGE_SIZE, Identified, Pagination
from assignments.stackone.resources import (
    CreatedAssignment,
    LearningObject,
    LinkedAccount,
    NewAssignment,
    Page,
    RemoteAssignment,
    User,
    format_datetime,
)
from assignments.stackone.responses import ApiResponse

LMS: Final = "/unified/lms"
OK: Final = range(200, 201)
SUCCESS: Final = range(200, 300)


@dataclass(kw_only=True, eq=False)
class AsyncStackOne:
    """Client of one linked account for one event loop; opens a connection per concurrent call.

    A request is never retried. Every method that calls the API raises the errors of `errors`:

    :raises NotSent: no connection was made, or StackOne asks to come back later
    :raises Refused: the response is final; trying again will not help
    :raises OutcomeUnknown: no readable response; when reading, try again

    :param contract: "2025-12" or "2025-02", the published API version that requests follow
    :param status_style: "underscore" or "hyphen", how in_progress is spelled in requests
    :param timeout_seconds: how long one call may take, from its start to the end of its response
    :param allows_private: the base URL may be in a private network
    :param transport: replaces the network in tests
    :ivar last_headers: headers of the latest response, names in lower case
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
        self.base_url = validate_base_url(self.base_url)
        if not is_visible_ascii(self.account_id):
            raise ValueError("Write the account id with ASCII letters, digits and symbols only.")
        self._account_header = {"x-account-id": self.account_id}
        self._http = HttpClient(
            base_url=self.base_url,
            key=ApiKey(api_key),
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
        await self._http.close()

    async def user_page(self, cursor: str | None, updated_after: datetime | None) -> Page[User]:
        """Return one page of the users: all, or those updated after a time."""
        return await self._page("/users", User.from_json, cursor, updated_after)

    async def content_page(
        self, cursor: str | None, updated_after: datetime | None
    ) -> Page[LearningObject]:
        """Return one page of the content items: all, or those updated after a time."""
        return await self._page("/content", LearningObject.from_json, cursor, updated_after)

    async def course_page(
        self, cursor: str | None, updated_after: datetime | None
    ) -> Page[LearningObject]:
        """Return one page of the courses: all, or those updated after a time."""
        return await self._page("/courses", LearningObject.course_from_json, cursor, updated_after)

    async def assignment_page(
        self, cursor: str | None, updated_after: datetime | None
    ) -> Page[RemoteAssignment]:
        """Return one page of all users' assignments: all, or those updated after a time."""
        return await self._page("/assignments", RemoteAssignment.from_json, cursor, updated_after)

    async def user_assignment_page(
        self, user_id: str, cursor: str | None
    ) -> Page[RemoteAssignment]:
        """Return one page of a user's assignments.

        What is missing from it counts as absent in the LMS: a page that is not whole is an error.
        """

        def parse(data: Mapping[str, object]) -> RemoteAssignment:
            return RemoteAssignment.from_json({**data, "user_id": data.get("user_id") or user_id})

        path = _user_assignments_path(user_id)
        return await self._page(path, parse, cursor, None, must_be_whole=True)

    async def user_assignment_pages(self, user_id: str) -> AsyncIterator[Page[RemoteAssignment]]:
        """Yield every page of a user's assignments."""
        pagination = Pagination(max_pages=MAX_USER_PAGES)
        while not pagination.is_finished:
            pagination.check_page_limit()
            page = await self.user_assignment_page(user_id, pagination.cursor)
            pagination.advance(page)
            yield page

    async def user(self, user_id: str) -> User:
        """Return one user."""
        response = await self._get(f"/users/{encode_path_segment(user_id)}", {})
        return User.from_json(list_parsing.parse_record(response))

    async def account_page(self, number: int) -> list[LinkedAccount]:
        """Return one page, numbered from 1, of the accounts that are linked behind the key."""
        params = {"page": str(number), "page_size": PAGE_SIZE}
        response = await self._send(ApiRequest("GET", "/accounts", params), expected=OK)
        return list_parsing.parse_accounts(response)

    async def create_assignment(self, user_id: str, new: NewAssignment) -> CreatedAssignment:
        """Assign content to one user, with a request that is sent once.

        :raises NotSent: nothing was created; try again later
        :raises Refused: nothing was created; trying again will not help
        :raises OutcomeUnknown: it may have been created
        """
        path = LMS + _user_assignments_path(user_id)
        body = new.as_json(self.contract, self.status_style)
        request = ApiRequest("POST", path, {}, self._account_header, body)
        return outcome_rules.parse_created(await self._send(request, expected=SUCCESS))

    async def _page[Item: Identified](
        self,
        path: str,
        parse: Callable[[Mapping[str, object]], Item],
        cursor: str | None,
        updated_after: datetime | None,
        *,
        must_be_whole: bool = False,
    ) -> Page[Item]:
        params = {"page_size": PAGE_SIZE}
        if updated_after is not None:
            params["filter[updated_after]"] = format_datetime(updated_after)
        if cursor:
            params["next"] = cursor
        response = await self._get(path, params)
        return list_parsing.parse_page(response, parse, must_be_whole=must_be_whole)

    async def _get(self, path: str, params: Mapping[str, str]) -> ApiResponse:
        request = ApiRequest("GET", LMS + path, params, self._account_header)
        return await self._send(request, expected=OK)

    async def _send(self, request: ApiRequest, *, expected: range) -> ApiResponse:
        response = await self._http.send(request)
        self.last_headers = response.headers
        if response.status not in expected:
            raise outcome_rules.error_for(response)
        return response


def _user_assignments_path(user_id: str) -> str:
    return f"/users/{encode_path_segment(user_id)}/assignments"
