"""An LMS that answers requests for its list of people in its own way: each kind is one line."""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.recorder import Recorder, Reply, Request

PAGES = 4
PER_PAGE = 2
EVERYBODY = PAGES * PER_PAGE
ALWAYS = 1_000_000
SHORT_SECONDS, SLOW_SECONDS = 1, 1.5
TOO_LARGE = 11_000_000


@dataclass(frozen=True)
class PageRequest:
    """A request for a page of people.

    :ivar number: of the page, from 1
    :ivar times: how often this page was requested, including now
    :ivar total: how often any page was requested, including now
    """

    number: int
    times: int
    total: int


type Answer = Callable[[PageRequest], Reply]


def reply(body: object, status: int = 200, **headers: str) -> Reply:
    """Return a response with a JSON body."""
    content = {"Content-Type": "application/json"}
    return Reply(status, json.dumps(body).encode(), content | headers)


def ids(number: int) -> list[str]:
    """Return the ids of the people on a page."""
    return [f"p{number}-{position}" for position in range(PER_PAGE)]


def page(remote_ids: list[str], following: object) -> Reply:
    """Return a page with these people."""
    people = [{"id": remote_id, "name": f"Person {remote_id}"} for remote_id in remote_ids]
    return reply({"data": people, "next": following})


def following(number: int) -> str | None:
    """Return the cursor of the page after this one."""
    return str(number + 1) if number < PAGES else None


def normal(request: PageRequest) -> Reply:
    """Return the page as it should be."""
    return page(ids(request.number), following(request.number))


def at(number: int, times: int, answer: Reply | Answer) -> Answer:
    """Answer the first requests for a page in another way."""

    def answered(request: PageRequest) -> Reply:
        if request.number != number or request.times > times:
            return normal(request)
        return answer if isinstance(answer, Reply) else answer(request)

    return answered


def with_cursor_at_end(cursor: object) -> Answer:
    """Answer with another cursor than null on the last page."""
    return at(PAGES, ALWAYS, page(ids(PAGES), cursor))


def slow(request: PageRequest) -> Reply:
    """Answer after longer than a call may take."""
    time.sleep(SLOW_SECONDS)
    return normal(request)


def refused(status: int) -> Reply:
    """Return an error."""
    return reply({"statusCode": status, "message": "Not this time."}, status)


def failing_once(request: PageRequest) -> Reply:
    """Return an error to the first request for each page."""
    return refused(500) if request.times == 1 else normal(request)


def cycle(length: int) -> Answer:
    """Return the first pages again and again, each time with cursors that are new."""

    def answered(request: PageRequest) -> Reply:
        number = (request.number - 1) % length + 1
        return page(ids(number), str(request.number + 1))

    return answered


def empty_until(last: int) -> Answer:
    """Return empty pages, then one with people."""

    def answered(request: PageRequest) -> Reply:
        if request.number < last:
            return page([], str(request.number + 1))
        return page(ids(last), None)

    return answered


def moving(request: PageRequest) -> Reply:
    """Let the first person of page 2 move to page 1 once page 1 was read for the first time."""
    lists = {1: ids(1) if request.times == 1 else [*ids(1), ids(2)[0]], 2: ids(2)[1:]}
    remote_ids = lists.get(request.number, ids(request.number))
    return page(remote_ids, following(request.number))


@dataclass(frozen=True)
class Kind:
    """A kind of LMS.

    :ivar ends: how the sync ends: "done", "failed", or "waiting" as long as the LMS is like that
    :ivar people: how many of its people are stored
    :ivar most_requests: for pages of people, in at most three runs
    :ivar removes: whether somebody whom it does not list is marked as inactive
    """

    name: str
    answer: Answer
    ends: str
    people: int
    most_requests: int
    removes: bool = True

    def __str__(self) -> str:
        return self.name


# A full sync reads the list twice, because somebody is missing.
TWICE = 2 * PAGES
HTML = Reply(200, b"<!doctype html><title>Sign in</title>", {"Content-Type": "text/html"})
CUT = Reply(200, normal(PageRequest(2, 1, 1)).body, {"Content-Type": "application/json"}, cut_at=30)
HALF = Reply(200, b'{"data": [{"id": "p', {"Content-Type": "application/json"})
BROKEN = reply({"data": [{"id": "p2-0"}, 7, {"id": None}, {"id": "p2-1"}], "next": "3"})
LIMITED = reply({"message": "Slow down."}, 429, **{"Retry-After": "1"})
NO_LIST = reply({"data": "none", "next": None})
ERROR_WITH_200 = reply({"data": [], "next": None, "errors": [{"message": "Not now."}]})
PARTIAL = reply({"data": [{"id": "p2-0"}], "next": "3", "provider_errors": [{"message": "Half."}]})
LONG = {"id": "p2-0", "name": "N" * 900, "email": "e" * 900, "external_reference": "r" * 900}
HUGE = page([*(f"p2-{n}" for n in range(5_000))], "3")
NO_CURSORS: tuple[object, ...] = ({}, [], True, 1.5)

KINDS = (
    Kind("as it should be", normal, "done", EVERYBODY, TWICE),
    # What a cursor may do.
    *(
        Kind(f"cursor refused once: {status}", at(2, 1, refused(status)), "done", 8, TWICE + 2)
        for status in (400, 404, 409, 410, 422)
    ),
    Kind("cursor always refused", at(2, ALWAYS, refused(410)), "failed", 2, 6),
    Kind("first page always refused", at(1, ALWAYS, refused(400)), "failed", 0, 3),
    Kind("first page refused twice", at(1, 2, refused(400)), "done", 8, TWICE + 2),
    Kind("cursor repeated", at(2, ALWAYS, page(ids(2), "2")), "failed", 4, 9),
    Kind("cursor repeated once", at(2, 2, page(ids(2), "2")), "done", 8, TWICE + 4),
    Kind("cursor repeated on an empty page", at(2, ALWAYS, page([], "2")), "failed", 2, 6),
    Kind("cycle back to page 1", at(2, ALWAYS, page(ids(2), "1")), "failed", 4, 15),
    *(Kind(f"cycle of {n}", cycle(n), "failed", n * PER_PAGE, 3 * (n + 3)) for n in (1, 2, 3)),
    Kind("endless empty pages", empty_until(ALWAYS), "failed", 0, 3 * 52),
    Kind("cursor too long", at(2, ALWAYS, page(ids(2), "9" * 100_000)), "failed", 4, 6),
    Kind("some empty pages", empty_until(40), "done", 2, 80),
    Kind("cursor is a number", at(2, ALWAYS, page(ids(2), 3)), "done", 8, TWICE),
    *(
        Kind(f"last cursor {json.dumps(end)}", with_cursor_at_end(end), "done", 8, TWICE)
        for end in (None, "", "  ")
    ),
    *(
        Kind(f"cursor {json.dumps(end)}", with_cursor_at_end(end), "waiting", 6, 16)
        for end in NO_CURSORS
    ),
    # What a read may meet.
    *(
        Kind(f"{status} {times} times", at(2, times, refused(status)), "done", 8, TWICE + times)
        for status in (500, 502, 503, 408)
        for times in (1, 3)
    ),
    Kind("each page 500 once", failing_once, "done", 8, TWICE + PAGES),
    Kind("always 500", at(2, ALWAYS, refused(500)), "waiting", 2, 13),
    Kind("always 500 at once", at(1, ALWAYS, refused(500)), "waiting", 0, 12),
    Kind("limited", at(2, 2, LIMITED), "done", 8, TWICE + 2),
    *(
        Kind(f"{name} once", at(2, 1, answer), "done", 8, TWICE + 1)
        for name, answer in (
            ("cut body", CUT),
            ("half a document", HALF),
            ("HTML page", HTML),
            ("slow page", slow),
            ("no list", NO_LIST),
            ("204", Reply(204, b"", {})),
            ("error in a 200", ERROR_WITH_200),
            ("redirect", reply({}, 302, Location="/elsewhere")),
        )
    ),
    Kind("always HTML", at(2, ALWAYS, HTML), "waiting", 2, 13),
    Kind("always an error in a 200", at(1, ALWAYS, ERROR_WITH_200), "waiting", 0, 12),
    Kind("too large a page", at(2, ALWAYS, Reply(200, b" " * TOO_LARGE, {})), "waiting", 2, 13),
    Kind("not supported", at(1, ALWAYS, refused(501)), "failed", 0, 3),
    # What a page may bring.
    Kind("huge page", at(2, ALWAYS, HUGE), "done", 5_000 + 6, TWICE),
    Kind("long values", at(2, ALWAYS, reply({"data": [LONG], "next": "3"})), "done", 7, TWICE),
    Kind("long id", at(2, ALWAYS, page(["i" * 201], "3")), "done", 6, PAGES, removes=False),
    Kind("broken entries", at(2, ALWAYS, BROKEN), "done", 8, PAGES, removes=False),
    Kind("partial page", at(2, ALWAYS, PARTIAL), "done", 7, PAGES, removes=False),
    Kind("nobody", lambda _: page([], None), "done", 0, 1, removes=False),
    Kind("page repeated once", at(3, 1, page(ids(2), "4")), "done", 8, TWICE + 3),
    Kind("duplicates across pages", at(3, ALWAYS, page([*ids(2), *ids(3)], "4")), "done", 8, TWICE),
    Kind("duplicates on a page", at(3, ALWAYS, page([*ids(3), *ids(3)], "4")), "done", 8, TWICE),
    Kind("a record moves to an earlier page", moving, "done", 8, TWICE),
)  # fmt: skip


class HostileLists(Recorder):
    """Serves people in the way of a kind, and one item; knows no assignments.

    :ivar requests: how often each page of people was requested
    """

    def __init__(self, kind: Kind) -> None:
        super().__init__("http://unused")
        self.kind = kind
        self.requests: Counter[int] = Counter()

    def reply(self, request: Request) -> Reply:
        """Return a page of a list."""
        url = urlsplit(request.path)
        if url.path.endswith("/users"):
            number = int(parse_qs(url.query).get("next", ["1"])[0])
            self.requests[number] += 1
            times, total = self.requests[number], self.requests.total()
            return self.kind.answer(PageRequest(number, times, total))
        data: list[Any] = [{"id": "c1", "title": "Fire safety"}] if "content" in url.path else []
        return reply({"data": data, "next": None})
