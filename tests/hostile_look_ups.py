"""An LMS that does not say what became of creates, and lists assignments in its own way."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from threading import Lock
from typing import Any
from urllib.parse import unquote

from tests.recorder import Recorder, Reply, Request

type Record = dict[str, Any]
type LookUp = Callable[[list[Record]], Reply]
# Stands for the id of somebody else.
OTHER_USER = "{other}"
HEADERS = {"Content-Type": "application/json"}


def page(records: object, **more: object) -> Reply:
    """Return a page of a list."""
    return Reply(200, json.dumps({"data": records, "next": None, **more}).encode(), HEADERS)


def always(status: int, body: bytes = b"") -> LookUp:
    """Answer in the same way whatever the LMS holds."""
    return lambda _: Reply(status, body, HEADERS)


def changed(**values: object) -> LookUp:
    """List records with other values."""
    return lambda records: page([record | values for record in records])


def without(name: str) -> LookUp:
    """List records without a field."""
    return lambda records: page([{**record, name: None} for record in records])


@dataclass(frozen=True)
class Kind:
    """A kind of list.

    :ivar look_up: gets the records that the sandbox lists, returns what is answered
    :ivar is_held: whether the first create takes effect
    :ivar ends: the state of the row a day later, and how often it was posted
    """

    name: str
    look_up: LookUp
    is_held: bool
    ends: tuple[str, int]

    def __str__(self) -> str:
        return f"{self.name}, {'held' if self.is_held else 'not held'}"


CREATED = ("created", 1)
SENT_AGAIN = ("unknown", 2)
# Nothing can be concluded, so nothing is sent again and a person decides.
UNDECIDED = ("unknown", 1)

KINDS = (
    Kind("as it should be", page, True, CREATED),
    Kind("as it should be", page, False, SENT_AGAIN),
    # Lists that show too little to say that the record is not there.
    *(
        Kind(name, look_up, is_held, UNDECIDED)
        for is_held in (True, False)
        for name, look_up in (
            ("always 500", always(500)),
            ("always 404", always(404)),
            ("204", always(204)),
            ("HTML", always(200, b"<!doctype html>")),
            ("half a document", always(200, b'{"data": [{"id"')),
            ("null", lambda _: page(None)),
            ("an object", lambda _: page({})),
            ("an error beside nothing", lambda _: page([], errors=["Half."])),
            ("entries that are no records", lambda _: page([7, None, "r1"])),
            ("an odd cursor", lambda _: page([], next={"page": 2})),
            ("the same page again", lambda records: page(records, next="2")),
        )
    ),
    Kind("an error beside records", lambda _: page([{"id": "x"}], error="No."), True, UNDECIDED),
    Kind("without ids", without("id"), True, UNDECIDED),
    Kind("long id", changed(id="i" * 201), True, UNDECIDED),
    Kind("another due date", changed(due_date="2031-01-01T00:00:00Z"), True, UNDECIDED),
    # Records that are ours in spite of what is missing.
    *(
        Kind(f"without {name}", without(name), True, CREATED)
        for name in ("user_id", "created_at", "due_date", "remote_id", "status", "updated_at")
    ),
    Kind("twice", lambda records: page([*records, *records]), True, CREATED),
    Kind("end of list is empty text", lambda records: page(records, next=""), True, CREATED),
    # Records of other people.
    Kind("everybody's", lambda held: page([*others(held), *held]), True, CREATED),
    Kind("another person's", lambda held: page(others(held)), True, SENT_AGAIN),
)  # fmt: skip


def others(records: list[Record]) -> list[Record]:
    """Return the records as if they were those of somebody else in the directory."""
    return [record | {"id": f"0-{record['id']}", "user_id": OTHER_USER} for record in records]


class HostileLookUps(Recorder):
    """Stands before a sandbox, answers 500 to creates, and lists assignments in its own way.

    :param other_user: the id of a person of the directory who is in no batch
    :ivar kinds: the kind of list of each person, by id
    :ivar posts: how often something was posted about each
    """

    def __init__(self, target_url: str, other_user: str) -> None:
        super().__init__(target_url)
        self._other_user = other_user
        self.kinds: dict[str, Kind] = {}
        self.posts: Counter[str] = Counter()
        self._next = cycle(KINDS)
        self._lock = Lock()

    def reply(self, request: Request) -> Reply:
        """Return an error to a create, and a kind of list to a look-up."""
        user = unquote(request.path.split("/")[-2])
        with self._lock:
            kind = self.kinds.get(user) or self.kinds.setdefault(user, next(self._next))
            self.posts[user] += request.method == "POST"
        if request.method == "GET":
            reply = kind.look_up(json.loads(self.forward(request).body)["data"])
            return reply._replace(body=reply.body.replace(b"{other}", self._other_user.encode()))
        if kind.is_held and self.posts[user] == 1:
            self.forward(request)
        return Reply(500, b"", HEADERS)
