"""The cursor of forwarding: whoever edits its row, every entry is forwarded in order."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import repeat
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from assignments.models import LogEntry, LogForwarding, LogHead
from assignments.siem import cursor, forwarding, groups
from assignments.siem.events import Event, TooLarge, Undelivered
from tests import log_tampering, sealed_log
from tests.log_fixtures import AT, PRIYA, write_log

# What somebody who owns the database can do to the row of the cursor.
EDITS: dict[str, Callable[[], object]] = {
    "set to the end": lambda: LogForwarding.objects.update(next=LogHead.entries()),
    "set beyond the end": lambda: LogForwarding.objects.update(next=10**9),
    "set back": lambda: LogForwarding.objects.update(next=0),
    "set ahead by one": lambda: LogForwarding.objects.update(next=3),
    "deleted": lambda: LogForwarding.objects.all().delete(),
    "without its signature": lambda: LogForwarding.objects.update(signature=""),
    "waiting for years": lambda: LogForwarding.objects.update(not_before=AT.replace(year=2999)),
    "failed very often": lambda: LogForwarding.objects.update(failures=10**6),
}
STEPS = ["take", "lose", "fail", "die", "refuse", *EDITS]


class Destination:
    """A destination in memory; each step of its script fails, dies, or edits the cursor's row."""

    def __init__(self, script: Sequence[str] = ()) -> None:
        self.script = list(script)
        self.taken: list[int] = []

    def send(self, events: Sequence[Event]) -> None:
        """Take the events, or fail as the next step of the script says."""
        step = self.script.pop(0) if self.script else "take"
        if step == "refuse":
            raise TooLarge("The endpoint refuses a request as too large.")
        if step != "lose":
            self.taken += [json.loads(event.json)["event"]["sequence"] for event in events]
        if step == "die":
            raise KeyboardInterrupt
        if step in {"lose", "fail"}:
            raise Undelivered("The endpoint responded with status 503.")
        EDITS.get(step, lambda: None)()


@pytest.fixture
def destination(db: None, settings: Any) -> Destination:
    """Set and return a destination that takes everything."""
    settings.SIEM = Destination()
    return settings.SIEM  # type: ignore[no-any-return]


def forward_until_done(minutes: int = 0) -> None:
    """Forward with a clock that goes on six minutes after each run."""
    now = AT + timedelta(minutes=minutes)
    while forwarding.status().behind:
        with suppress(KeyboardInterrupt):
            forwarding.forward(clock=repeat(now).__next__, may_go_on=lambda: True)
        now += timedelta(minutes=6)


def assert_complete(destination: Destination) -> None:
    """Check that every entry arrived in order, but for a last one about forwarding itself."""
    firsts = list(dict.fromkeys(destination.taken))
    assert firsts == list(range(len(firsts)))
    missing = LogEntry.objects.filter(seq__gte=len(firsts)).values_list("action", flat=True)
    assert set(missing) <= {"log.forwarded"}


@pytest.mark.slow
@examples(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    script=st.lists(st.sampled_from(STEPS), max_size=14),
    before=st.lists(st.sampled_from([*EDITS]), max_size=3),
    group=st.integers(1, 5),
)
def test_every_entry_arrives_in_order_whatever_fails_or_is_edited(
    destination: Destination,
    monkeypatch: pytest.MonkeyPatch,
    script: list[str],
    before: list[str],
    group: int,
) -> None:
    monkeypatch.setattr(groups, "MAX_EVENTS", group)
    monkeypatch.setattr(cursor, "RECORD_ENTRIES", 4)
    LogForwarding.objects.all().delete()
    start = cursor.recorded_progress().next
    destination.taken, destination.script = list(range(start)), script
    for edit in ["", *before]:
        write_log(3)
        EDITS.get(edit, lambda: None)()
        forward_until_done()

    assert_complete(destination)


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_cursor_hides_no_entry(destination: Destination, edit: str) -> None:
    sealed_log.write_sealed_log(4)
    forward_until_done()
    write_log(3)

    EDITS[edit]()

    assert forwarding.is_due(now=AT)
    forward_until_done()
    assert_complete(destination)


def test_an_edited_cursor_is_recorded(
    destination: Destination, caplog: pytest.LogCaptureFixture
) -> None:
    size = sealed_log.write_sealed_log(4)
    forward_until_done()
    EDITS["set to the end"]()
    write_log(1)
    forward_until_done()

    (entry,) = LogEntry.objects.filter(action="log.forwarding_restarted")
    assert (entry.actor, entry.result) == ("system", "cursor edited")
    assert log_tampering.body(entry.seq)["detail"] == {"first_entry": size}
    assert "The cursor of forwarding was edited" in caplog.text


def test_an_earlier_row_does_not_undo_a_restart(destination: Destination) -> None:
    size = sealed_log.write_sealed_log(4)
    forward_until_done()
    earlier = LogForwarding.objects.values().get()
    forwarding.restart_at(start=1, by=PRIYA, now=AT)

    LogForwarding.objects.update(**earlier)
    forward_until_done()

    assert destination.taken[size : size + 2] == [1, 2]


def test_progress_is_recorded_hourly_or_after_many_entries(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursor, "RECORD_ENTRIES", 11)

    def records_after(entries: int, minutes: int) -> int:
        write_log(entries)
        forward_until_done(minutes)
        return LogEntry.objects.filter(action="log.forwarded").count()

    assert records_after(1, 0) == 1
    assert records_after(1, 59) == 1
    assert records_after(1, 60) == 2
    assert records_after(9, 61) == 2
    assert records_after(1, 61) == 3
    assert not forwarding.is_due(now=AT + timedelta(days=30))
    progress = cursor.recorded_progress()
    assert progress.next == progress.seq


def test_with_an_unreadable_record_an_edited_cursor_sends_everything_again(
    destination: Destination,
) -> None:
    size = sealed_log.write_sealed_log(4)
    forward_until_done()
    log_tampering.rewrite(size, b"{}")
    EDITS["without its signature"]()

    assert forwarding.status().next == 0
    forward_until_done()
    assert destination.taken[: 2 * size] == [*range(size), *range(size)]


def test_a_new_secret_key_sends_again_what_is_in_doubt(
    destination: Destination, settings: Any
) -> None:
    size = sealed_log.write_sealed_log(4)
    forward_until_done()
    write_log(2)
    forward_until_done()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "x" * 50, [settings.SECRET_KEY]
    assert not forwarding.status().behind

    settings.SECRET_KEY_FALLBACKS = []
    assert forwarding.status().next == size
