"""An LMS that answers creates in its own way: each kind of answer is one line."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle
from threading import Lock
from urllib.parse import unquote

from tests.recorder import Recorder, Reply, Request

JSON = "application/json"
WITH_ID = '{"statusCode": 200, "data": {"id": "{id}"}}'
NO_ID = '{"statusCode": 200, "message": "Record created", "data": {}}'
CUT = '{"statusCode": 201, "message": "Rec'
TYPES = '{"statusCode": "201", "data": ["created"]}'
PAGE = "<!doctype html><title>Welcome</title>"
OWN_STATUS = '{"statusCode": 400, "message": "The date is wrong."}'
OWN_ERROR = '{"data": {"id": "{id}"}, "provider_errors": [{"message": "Not enrolled."}]}'
LONG_ID = WITH_ID.replace("{id}", "i" * 201)
BLANK_ID = WITH_ID.replace("{id}", " ")
BIG = " " * 10_000_001
GZIP = (("Content-Encoding", "gzip"),)
TWO_LENGTHS = (("Content-Length", "1"),)
REPORTS = (
    '{"success": false, "data": {"id": "{id}"}}',
    '{"status": "failed", "data": {"id": "{id}"}}',
    '{"code": 422, "data": {"id": "{id}"}}',
    '{"data": {"id": "{id}", "errors": ["Not enrolled."]}}',
    '{"data": {"id": "{id}", "success": false}}',
    '{"data": {"id": "{id}"}, "error": "Not enrolled."}',
)
ERRORS = '{"data": {}, "errors": [{"message": "Not enrolled."}]}'
REFUSAL = '{"statusCode": 403, "message": "Invalid account ID or key."}'
EXPLAINED = (
    '{"statusCode": 403, "message": "Forbidden", '
    '"provider_errors": [{"raw": {"message": "Not in your department."}}]}'
)


@dataclass(frozen=True)
class Answer:
    """What is answered to a create, and the state in which its row ends.

    :ivar effect: when the LMS shows the record: "now", "late" (once a test says so) or "never"
    :ivar cut_at: so many bytes of the body arrive before the connection ends
    """

    status: int
    body: str
    effect: str
    ends: str
    cut_at: int | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        start = self.body.strip()[:60] or "no body"
        return " ".join(map(str, (self.status, start, self.effect, self.cut_at, *self.headers)))


ANSWERS = (
    # A record that is named is the record.
    Answer(200, WITH_ID, "now", "created"),
    Answer(202, WITH_ID, "now", "created"),
    Answer(207, WITH_ID, "now", "created"),
    # A record that is shown in time is read back.
    *(
        Answer(status, body, "now", "created")
        for status in (200, 201, 202, 299)
        for body in ("", NO_ID, CUT, TYPES, PAGE)
    ),
    Answer(204, "", "now", "created"),
    Answer(205, "", "now", "created"),
    # So is one whose id cannot be read, and one whose confirmation does not arrive completely.
    *(
        Answer(201, body, effect, ends)
        for body in (LONG_ID, BLANK_ID, BIG)
        for effect, ends in (("now", "created"), ("never", "confirmed"))
    ),
    *(
        Answer(status, WITH_ID, effect, ends, cut_at=cut_at)
        for status in (200, 201)
        for cut_at in (0, 30)
        for effect, ends in (("now", "created"), ("never", "confirmed"))
    ),
    *(
        Answer(201, WITH_ID, effect, ends, headers=headers)
        for headers in (GZIP, TWO_LENGTHS)
        for effect, ends in (("now", "created"), ("never", "confirmed"))
    ),
    # A record that is not shown in time is looked for later, and never made again.
    *(
        Answer(status, body, effect, "confirmed")
        for status in (200, 201, 202)
        for body in ("", NO_ID, CUT, PAGE)
        for effect in ("late", "never")
    ),
    Answer(204, "", "late", "confirmed"),
    Answer(204, "", "never", "confirmed"),
    # A success that reports an error waits for a person, unless the LMS shows the record.
    *(
        Answer(status, body, effect, ends)
        for status in (200, 201, 202)
        for body in (OWN_STATUS, OWN_ERROR, ERRORS)
        for effect, ends in (("now", "created"), ("never", "unknown"))
    ),
    *(
        Answer(200, body, effect, ends)
        for body in REPORTS
        for effect, ends in (("now", "created"), ("never", "unknown"))
    ),
)
CREATED = Answer(201, WITH_ID, "now", "created")
# The LMS refuses one person.
EXPLAINED_REFUSALS = tuple(
    Answer(status, EXPLAINED, "never", "rejected") for status in (401, 403, 404, 412, 501)
)
# StackOne refuses without saying whether it is about the person, the key or the account.
BARE_REFUSALS = (
    *(
        Answer(status, body, "never", "rejected")
        for status in (401, 403, 412, 501)
        for body in (REFUSAL, "", PAGE, '{"provider_errors": []}')
    ),
    Answer(404, REFUSAL, "never", "rejected"),
)


class HostileLms(Recorder):
    """Stands before a sandbox, which holds the records, and answers creates in its own way.

    :ivar answers: what is answered about a person and an item, by their ids
    :ivar posts: how often they were posted
    """

    def __init__(self, target_url: str, answers: Iterable[Answer]) -> None:
        super().__init__(target_url)
        self.answers: dict[tuple[str, str], Answer] = {}
        self.posts: Counter[tuple[str, str]] = Counter()
        self._answers = cycle(answers)
        self._lock = Lock()
        self._held_back: list[Request] = []

    def reply(self, request: Request) -> Reply:
        """Return the sandbox's response to a read, and the next kind of answer to a create."""
        if request.method == "GET":
            return self.forward(request)
        answer = self._answer_to(request)
        record_id = "none"
        if answer.effect == "now":
            record_id = json.loads(self.forward(request).body)["data"]["id"]
        elif answer.effect == "late":
            self._held_back.append(request)
        body = answer.body.replace("{id}", record_id)
        headers = {"Content-Type": JSON, **dict(answer.headers)}
        return Reply(answer.status, body.encode(), headers, answer.cut_at)

    def show_late_records(self) -> None:
        """Let the creates that were held back take effect."""
        while self._held_back:
            self.forward(self._held_back.pop())

    def _answer_to(self, request: Request) -> Answer:
        user = unquote(request.path.split("/")[-2])
        key = (user, json.loads(request.body)["learning_object_external_reference"])
        with self._lock:
            self.posts[key] += 1
            if key not in self.answers:
                self.answers[key] = next(self._answers)
            return self.answers[key]
