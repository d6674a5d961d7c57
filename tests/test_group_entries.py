"""Log entries about many rows of a batch: which rows they name, how, and where they are shown."""

import base64
import io
import zipfile
from collections import Counter

import orjson
import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from assignments.audit.entries.row_numbers import (
    format_numbers,
    groups_of,
    parse_numbers,
    started_in,
)
from assignments.audit.export.assignment_history import fetch_history
from assignments.audit.export.formats import ExportContext, export_log
from assignments.audit.log import record_all
from assignments.audit.search.parser import parse
from assignments.models import LogEntry
from assignments.services.batches.group_entries import entries_of
from assignments.services.batches.row_changes import group_change
from assignments.services.calls.call_process import EndedCall
from assignments.services.planning.called_rows import DIGEST_BYTES, called_digest
from assignments.services.sending import claims, outcomes
from assignments.stackone.errors import RateLimited
from tests.factories import AT, make_batch
from tests.live import DUE
from tests.log_fixtures import PRIYA, rows_named_by

pytestmark = pytest.mark.django_db
MAX_BYTES = 4096
PEOPLE = 60
# For each created row. A slow machine claims smaller groups than a benchmark would show.
MOST_ENTRIES = 1.2
# The longest problem that a row keeps, in the characters that take most bytes.
problems = st.sampled_from(["", "Busy.", "Slow down.", "\N{PILE OF POO}" * 500, '"' * 500])


def bodies(action):
    """Return the parsed bodies of the entries with this action, oldest first."""
    entries = LogEntry.objects.filter(action=action).order_by("seq")
    return [orjson.loads(bytes(body)) for body in entries.values_list("body", flat=True)]


@given(st.sets(st.integers(1, 10**6)).map(sorted), st.sets(st.integers(1, 40), min_size=1))
def test_numbers_are_read_as_they_were_written(scattered, dense):
    for numbers in (scattered, sorted(dense)):
        if numbers:
            assert parse_numbers(format_numbers(numbers)) == numbers


def test_consecutive_numbers_are_written_as_ranges():
    assert format_numbers([*range(1, 65), 70, 72, 73]) == "1-64, 70, 72-73"


@pytest.fixture
def large():
    """Return the rows of a large batch."""
    return list(make_batch(["created"] * 300).assignments.order_by("position"))


def test_an_entry_about_many_rows_is_short_and_names_nobody(large):
    @given(
        picked=st.sets(st.sampled_from(range(300)), min_size=1),
        row_problems=st.lists(problems, min_size=300, max_size=300),
        is_start=st.booleans(),
    )
    def check(picked, row_problems, is_start):
        changes = [
            group_change(
                large[index],
                "calls.started" if is_start else "calls.deferred",
                "sending",
                {},
                {"attempt": 1 + index % 3, "problem": row_problems[index]},
                digest=called_digest(large[index]) if is_start else b"",
            )
            for index in picked
        ]
        with transaction.atomic():
            first = LogEntry.objects.count()
            events = entries_of(changes)
            record_all([event for event, _ in events], by=PRIYA, at=AT)
            stored = [bytes(entry.body) for entry in LogEntry.objects.filter(seq__gte=first)]
            transaction.set_rollback(True)
        assert max(map(len, stored)) <= MAX_BYTES
        named = Counter(
            (number, group["attempt"], group["problem"])
            for body in stored
            for numbers, group in groups_of(orjson.loads(body))
            for number in numbers
        )
        expected = Counter(
            (large[index].position, 1 + index % 3, row_problems[index]) for index in picked
        )
        assert named == expected
        assert all(orjson.loads(body)["people"] == [] for body in stored)

    check()


def claim(desk, count):
    """Claim so many rows."""
    due = claims.due(account=desk.account, count=count, turn=0, now=desk.clock())
    return claims.claim(due, sender="sender", now=desk.clock())


def test_rows_claimed_together_share_an_entry(desk, settings):
    settings.CANARY_ROWS = 100
    batch = desk.submit(people=6)

    claim(desk, 4)
    claim(desk, 2)

    first, second = bodies("calls.started")
    ((numbers, group),) = groups_of(first)
    rows = list(batch.assignments.order_by("position"))
    assert numbers == [1, 2, 3, 4]
    assert (group["attempt"], group["sender"]) == (1, "sender")
    assert (first["batch"], first["actor"]["means"]) == (batch.ref, "worker")
    assert base64.b64decode(str(group["digests"])) == b"".join(map(called_digest, rows[:4]))
    assert [row.started_in for row in rows] == [first["seq"]] * 4 + [second["seq"]] * 2


def test_rows_deferred_together_share_an_entry(desk, settings):
    settings.CANARY_ROWS = 100
    desk.submit(people=6)
    claimed = claim(desk, 5)
    late = RateLimited("Slow down.", status=429, retry_after=3)

    outcomes.settle(
        account=desk.account,
        sender="sender",
        calls=[EndedCall(job, late, desk.clock()) for job in claimed],
        now=desk.clock(),
    )

    (deferred,) = bodies("calls.deferred")
    ((numbers, group),) = groups_of(deferred)
    assert numbers == [1, 2, 3, 4, 5]
    assert (group["problem"], group["status"]) == ("Slow down.", 429)
    assert group["next_step"] == "sent again after 3 seconds"
    assert started_in(deferred) == {bodies("calls.started")[0]["seq"]}


def test_the_digest_of_a_call_changes_with_whom_and_what_it_is_about(settings):
    row = make_batch(["created"]).assignments.get()
    digest = called_digest(row)

    for name in ("position", "learner_id", "content_id"):
        vars(row)[name] += 1
        assert called_digest(row) != digest
        vars(row)[name] -= 1
    for name in ("learner_remote_id", "content_remote_id", "content_reference"):
        vars(row)[name] += "x"
        assert called_digest(row) != digest
        vars(row)[name] = vars(row)[name][:-1]
    assert (called_digest(row), len(digest)) == (digest, DIGEST_BYTES)
    # Nobody who does not know the key can guess a person's id in the LMS from it.
    settings.SECRET_KEY = "another"
    assert called_digest(row) != digest


def test_the_history_of_a_row_shows_the_start_of_its_call_and_its_deferral(desk):
    batch = desk.submit(people=5)
    desk.lms.set_faults(script=["429"])
    desk.deliver()
    desk.clock.skip(minutes=2)
    desk.deliver()
    row = batch.assignments.get(attempt=2)

    (cause,) = fetch_history(learner_pk=row.learner_id, content_pk=row.content_id).causes

    actions = [line.action for line in cause.lines]
    of_calls = [action for action in actions if not action.startswith("batch.")]
    assert of_calls == ["calls.started", "calls.deferred", "calls.started", "assignment.created"]
    assert [line.seq for line in cause.lines] == sorted({line.seq for line in cause.lines})
    started = {line.seq for line in cause.lines if line.action == "calls.started"}
    created = next(line for line in cause.lines if line.action == "assignment.created")
    assert started_in(created.body) == {row.started_in} <= started
    other = batch.assignments.filter(attempt=1).first()
    (cause,) = fetch_history(learner_pk=other.learner_id, content_pk=other.content_id).causes
    assert "calls.deferred" not in [line.action for line in cause.lines]


def test_a_pack_about_a_person_holds_the_entry_that_started_the_call(desk, tmp_path):
    batch = desk.submit(people=3)
    desk.deliver()
    row = batch.assignments.order_by("position")[1]
    query = parse(f"person:learner/{row.learner_id}", today=DUE)
    context = ExportContext(by=PRIYA, now=desk.clock(), folder=tmp_path)

    export_log(query=query, format="pack", context=context, out=(out := io.BytesIO()))

    with zipfile.ZipFile(out) as pack:
        lines = map(orjson.loads, pack.read("entries.jsonl").splitlines())
        seqs = [line["seq"] for line in lines if "seq" in line]
    assert row.started_in in seqs
    assert LogEntry.objects.get(subject=f"assignment/{row.pk}").seq in seqs
    assert len(seqs) == 2


@pytest.mark.parametrize(
    ("per_minute", "slots"),
    [
        pytest.param(1_000, 48, id="the default limit"),
        pytest.param(600_000, 64, id="64 at once"),
    ],
)
def test_sending_takes_few_entries_for_a_created_row(desk, settings, per_minute, slots):
    settings.STACKONE_REQUESTS_PER_MINUTE, settings.SENDER_CONCURRENCY = per_minute, slots
    settings.CANARY_ROWS = 0
    desk.lms.set_limits(latency_ms=20)
    batch = desk.submit(people=PEOPLE, items=2)
    before = LogEntry.objects.count()

    desk.deliver()

    created = desk.states(batch).count("created")
    # Some people of the sandbox already have an item.
    assert PEOPLE < created == batch.assignments.exclude(state="skipped").count()
    assert (LogEntry.objects.count() - before) / created <= MOST_ENTRIES
    assert set(rows_named_by("calls.started").values()) == {1}
