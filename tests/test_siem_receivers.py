"""Forwarding to receivers that misbehave: nothing is lost silently, one entry stops no other."""

import json
from datetime import timedelta
from itertools import repeat
from typing import Any

import pytest
from django.db import transaction

from assignments.audit.log import record
from assignments.models import LogEntry, LogHead
from assignments.siem import forwarding
from assignments.siem import https as https_destination
from assignments.siem.destinations import parse_destination
from assignments.siem.ecs import PROGRESS
from tests.log_fixtures import AT, PRIYA, created, write_log
from tests.siem_receivers import CUT, HERE, TAKEN, Behaviour, Response, endpoint, receiver, refused

SIGN_IN_PAGE = Response(200, b"<!DOCTYPE html><title>Sign in</title>", "text/html", is_taken=False)
UNLABELLED_PAGE = SIGN_IN_PAGE._replace(content_type="text/plain")
SLOW = Response(seconds=0.4)

# Receivers that take everything in the end, though possibly more than once.
PATIENCE_HELPS: dict[str, Behaviour] = {
    "refuses the first two with 500": lambda count, _: refused(500) if count < 2 else TAKEN,
    "refuses every other with 503": lambda count, _: TAKEN if count % 2 else refused(503),
    "asks to wait": lambda count, _: refused(429) if count < 3 else TAKEN,
    "cuts the connection instead of taking": lambda count, _: CUT if count < 3 else TAKEN,
    "takes and cuts the connection": lambda count, _: (
        Response(None) if count < 3 else TAKEN  # taken, but not confirmed
    ),
    "responds too late": lambda count, _: SLOW if count < 2 else TAKEN,
    "shows a sign-in page first": lambda count, _: SIGN_IN_PAGE if count < 2 else TAKEN,
    "shows a page as plain text first": lambda count, _: UNLABELLED_PAGE if count < 2 else TAKEN,
    "redirects first": lambda count, _: refused(302) if count < 2 else TAKEN,
    "confirms without a body": lambda *_: Response(204),
    "confirms with a huge body": lambda *_: Response(200, b"ok" * 1_000_000),
    "confirms and cuts the body": lambda *_: Response(200, b"ok", announced=100),
    "confirms byte by byte": lambda *_: Response(200, b"o" * 100, pause=0.02),
    "confirms and stops": lambda *_: Response(200, b"ok", announced=100, pause=0.15),
    "refuses groups with 413": lambda _, body: refused(413) if len(body) > 30_000 else TAKEN,
    "cuts the connection of groups": lambda _, body: CUT if len(body) > 30_000 else TAKEN,
}
# Receivers that refuse an entry for its size; all others must arrive.
REFUSES_THE_LARGE_ENTRY: dict[str, Behaviour] = {
    "413 above 8 KiB": lambda _, body: refused(413) if len(body) > 8_192 else TAKEN,
    "413 above a single entry": lambda _, body: refused(413) if len(body) > 4_200 else TAKEN,
}
# Receivers that take nothing, with what the problem must name: nothing may be passed over.
TAKES_NOTHING: dict[str, tuple[Behaviour, str]] = {
    "413 always": (lambda *_: refused(413), "too large"),
    "500 always": (lambda *_: refused(500), "status 500"),
    "a sign-in page always": (lambda *_: SIGN_IN_PAGE, "web page"),
    "a redirect always": (lambda *_: refused(302), "status 302"),
    "cuts every connection": (lambda *_: CUT, "did not respond"),
    "always late": (lambda *_: SLOW._replace(is_taken=False), "ReadTimeout"),
}


@pytest.fixture
def log(db: None) -> int:
    """Write small entries around a large one; return the number of the large one."""
    write_log(12)
    with transaction.atomic():
        large = record(created(1, remote_id="é" * 9_000), by=PRIYA, at=AT)
    write_log(12)
    return large


@pytest.fixture(autouse=True)
def short_timeout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment only for responses of receivers that are late; a busy machine is not."""
    if "late" in request.node.name:
        monkeypatch.setattr(https_destination, "TIMEOUT_SECONDS", 0.2)


def forward_often(settings: Any, url: str, rounds: int = 40) -> None:
    """Forward again and again, each time after the longest wait, until all is forwarded."""
    settings.SIEM, now = parse_destination(url), AT
    while forwarding.status().behind and rounds:
        forwarding.forward(clock=repeat(now).__next__, may_go_on=lambda: True)
        now, rounds = now + timedelta(minutes=6), rounds - 1


def sequences(lines: list[bytes]) -> list[int]:
    """Return the numbers of the entries in lines of JSON, without repetitions."""
    numbers = [json.loads(line)["event"]["sequence"] for line in lines]
    return list(dict.fromkeys(numbers))


def assert_complete(arrived: list[int], *, but: int = -1) -> None:
    """Check that the entries arrived in order, except `but` and final ones about forwarding."""
    sent = [seq for seq in range(arrived[-1] + 1) if seq != but]
    assert arrived == sent
    missing = LogEntry.objects.filter(seq__gt=arrived[-1]).values_list("action", flat=True)
    assert set(missing) <= {"log.forwarded"}


@pytest.mark.parametrize("mode", PATIENCE_HELPS)
def test_every_entry_arrives_in_order(log: int, settings: Any, mode: str) -> None:
    with endpoint(behaviour=PATIENCE_HELPS[mode]) as server:
        forward_often(settings, f"http://{HERE}:{server.port}/")

    assert_complete(sequences(server.lines()))
    assert forwarding.status().problem == ""


@pytest.mark.parametrize("mode", REFUSES_THE_LARGE_ENTRY)
def test_only_the_entry_that_is_too_large_is_passed_over(
    log: int, settings: Any, mode: str
) -> None:
    with endpoint(behaviour=REFUSES_THE_LARGE_ENTRY[mode]) as server:
        forward_often(settings, f"http://{HERE}:{server.port}/")

    assert_complete(sequences(server.lines()), but=log)
    (passed_over,) = LogEntry.objects.filter(action="entry.not_forwarded")
    assert (passed_over.subject, passed_over.result) == (f"entry/{log}", "too large")
    assert passed_over.seq in sequences(server.lines())


@pytest.mark.parametrize("mode", TAKES_NOTHING)
def test_a_receiver_that_takes_nothing_stops_forwarding(log: int, settings: Any, mode: str) -> None:
    behaviour, problem = TAKES_NOTHING[mode]
    size = LogHead.entries()
    with endpoint(behaviour=behaviour) as server:
        forward_often(settings, f"http://{HERE}:{server.port}/", rounds=6)

    assert problem in forwarding.status().problem
    assert (forwarding.status().next, LogHead.entries(), server.lines()) == (0, size, [])


def test_syslog_messages_are_never_cut_in_two(log: int, settings: Any) -> None:
    with transaction.atomic():
        # 3,000 letters of two bytes each; as \uXXXX they would take 18,000 bytes.
        text = record(created(2, remote_id="é" * 3_000), by=PRIYA, at=AT)
    with receiver() as server:
        forward_often(settings, f"syslog+tcp://{HERE}:{server.port}")

    events = [json.loads(message.partition(" - audit - ")[2]) for message in server.messages()]
    arrived = [event["event"]["sequence"] for event in events]
    assert_complete(arrived, but=log)
    assert "é" * 3_000 in events[arrived.index(text)]["event"]["original"]
    (passed_over,) = LogEntry.objects.filter(action="entry.not_forwarded")
    assert passed_over.subject == f"entry/{log}"


def test_the_entry_about_forwarding_lets_a_gap_be_noticed(log: int, settings: Any) -> None:
    with endpoint() as server:
        forward_often(settings, f"http://{HERE}:{server.port}/")
        write_log(1)
        forward_often(settings, f"http://{HERE}:{server.port}/")

    events = [json.loads(line) for line in server.lines()]
    (progress,) = [event for event in events if event["event"]["action"] == "log.forwarded"]
    first, following, count = (progress["labels"][name] for name in PROGRESS)
    arrived = {event["event"]["sequence"] for event in events}
    assert (first, following, count) == (
        0,
        progress["event"]["sequence"],
        len(range(first, following)),
    )
    assert set(range(first, following)) <= arrived
