"""The StackOne Unified LMS API: one method for each endpoint that the product uses."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import httpx

from assignments.stackone.address import checked_base_url
from assignments.stackone.errors import OutcomeUnknown
from assignments.stackone.paging import Fetch, walk
from assignments.stackone.reading import items, mapping, text
from assignments.stackone.replies import error_of, evidence, parsed
from assignments.stackone.resources import (
    Created,
    Dialect,
    LearningObject,
    LinkedAccount,
    NewAssignment,
    Page,
    RemoteAssignment,
    User,
)
from assignments.stackone.wire import exchange, open_http

NEWEST: Final = Dialect()
CREATED: Final = 201
OK: Final = 200


class StackOne:
    """One linked account behind the API key; for one thread, with one connection kept alive.

    :param pace: called before every request; waits until the request may leave
    :param dialect: how requests are spelt
    :param timeout_seconds: the longest a call may take in all; the vendor ends one after 60
    :raises ValueError: if the base URL is neither https nor this machine
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        account_id: str,
        dialect: Dialect = NEWEST,
        pace: Callable[[], None] = lambda: None,
        timeout_seconds: float = 65.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        address = checked_base_url(base_url)
        self._http = open_http(base_url=address, seconds=timeout_seconds, transport=transport)
        self._auth = httpx.BasicAuth(api_key, "")
        self._account = {"x-account-id": account_id}
        self._dialect = dialect
        self._pace = pace
        self._seconds = timeout_seconds
        self.last_date = ""

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
        self._http.close()

    def accounts(self) -> list[LinkedAccount]:
        """Return the linked accounts; the answer is a bare array or wrapped in `data`."""
        answer = self._read("/accounts", {}, {})
        found = answer if isinstance(answer, list) else items(mapping(answer).get("data"))
        return [LinkedAccount.from_json(mapping(entry)) for entry in found]

    def user_pages(
        self, updated_after: datetime | None = None, cursor: str | None = None
    ) -> Iterator[Page[User]]:
        """Walk through the people of the LMS, from a stored cursor on if there is one."""
        return walk(self._pages("/unified/lms/users", updated_after), User.from_json, cursor)

    def content_pages(
        self, updated_after: datetime | None = None, cursor: str | None = None
    ) -> Iterator[Page[LearningObject]]:
        """Walk through videos, quizzes, documents and the like."""
        fetch = self._pages("/unified/lms/content", updated_after)
        return walk(fetch, LearningObject.from_json, cursor)

    def course_pages(
        self, updated_after: datetime | None = None, cursor: str | None = None
    ) -> Iterator[Page[LearningObject]]:
        """Walk through the courses."""
        fetch = self._pages("/unified/lms/courses", updated_after)
        return walk(fetch, lambda json: LearningObject.from_json(json, kind="course"), cursor)

    def assignment_pages(
        self, updated_after: datetime | None = None, cursor: str | None = None
    ) -> Iterator[Page[RemoteAssignment]]:
        """Walk through every assignment that the LMS holds."""
        fetch = self._pages("/unified/lms/assignments", updated_after)
        return walk(fetch, RemoteAssignment.from_json, cursor)

    def user_assignment_pages(self, user_id: str) -> Iterator[Page[RemoteAssignment]]:
        """Walk through the assignments of one person."""
        return walk(self._pages(_assignments_of(user_id), None), RemoteAssignment.from_json, None)

    def create_assignment(self, user_id: str, new: NewAssignment) -> Created:
        """Assign content to one user.

        :raises NotSent: nothing was created; try again later
        :raises Refused: nothing was created; trying again will not help
        :raises OutcomeUnknown: it may have been created
        """
        body = new.as_json(self._dialect)
        response = self._request("POST", _assignments_of(user_id), self._account, json=body)
        if response.status_code != CREATED:
            raise error_of(response)
        return _created(response)

    def _pages(self, path: str, updated_after: datetime | None) -> Fetch:
        filters = {}
        if updated_after is not None:
            at = updated_after.astimezone(UTC).isoformat(timespec="milliseconds")
            filters["filter[updated_after]"] = at.replace("+00:00", "Z")
        return lambda asked: self._read(path, self._account, {**filters, **asked})

    def _read(self, path: str, headers: Mapping[str, str], params: Mapping[str, str]) -> object:
        response = self._request("GET", path, headers, params=params)
        if response.status_code != OK:
            raise error_of(response)
        try:
            return parsed(response)
        except ValueError:
            reply = evidence(response)
            raise OutcomeUnknown("The answer is not JSON.", status=OK, reply=reply) from None

    def _request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
    ) -> httpx.Response:
        request = self._http.build_request(
            method, path, headers=dict(headers), params=params, json=json
        )
        self._pace()
        response = exchange(self._http, request, self._auth, seconds=self._seconds)
        self.last_date = response.headers.get("date", "")
        return response


def _assignments_of(user_id: str) -> str:
    return f"/unified/lms/users/{quote(user_id, safe='')}/assignments"


def _created(response: httpx.Response) -> Created:
    reply = evidence(response)
    try:
        data = mapping(parsed(response)).get("data")
    except ValueError:
        raise OutcomeUnknown(
            "The LMS answered 201, but the answer cannot be read.", status=CREATED, reply=reply
        ) from None
    found = mapping(data)
    if not found or not isinstance(found.get("id"), str | int | None):
        raise OutcomeUnknown(
            "The LMS answered 201, but not in the agreed form.", status=CREATED, reply=reply
        )
    return Created(text(found.get("id")), text(found.get("remote_id")), CREATED, reply)
