"""Scheduled starts: wall clocks and moments, what is refused, and that it starts when it should."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.queries import formatting
from assignments.services.submitting import start_time, submission
from tests.conftest import NOON

LONDON = ZoneInfo("Europe/London")
walls = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1))  # noqa: DTZ001  local clocks have no zone


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param("2026-12-01 08:00", "2026-12-01T08:00:00+00:00", id="in winter"),
        pytest.param("2027-07-01T08:00", "2027-07-01T07:00:00+00:00", id="in summer"),
        pytest.param(" 2027-07-01T08:00:30 ", "2027-07-01T07:00:30+00:00", id="with seconds"),
        pytest.param("2027-10-31 01:30", "2027-10-31T00:30:00+00:00", id="the hour comes twice"),
        pytest.param("2027-03-28 00:59", "2027-03-28T00:59:00+00:00", id="before the gap"),
        pytest.param("2027-03-28 02:00", "2027-03-28T01:00:00+00:00", id="after the gap"),
    ],
)
def test_parse_start_reads_local_time(text, moment):
    assert start_time.parse_start(text).isoformat() == moment


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(
            "2027-03-28 01:30",
            "The clocks go forward on 28 March 2027, so 01:30 does not exist. "
            "Choose 02:30, for example.",
            id="in the gap",
        ),
        *(
            pytest.param(
                text, "Write the start as a date and time, such as 2026-12-01 08:00.", id=name
            )
            for name, text in {
                "no time": "2026-12-01",
                "no date": "tomorrow",
                "a zone of its own": "2026-12-01T08:00+01:00",
                "no such day": "2026-02-30 08:00",
            }.items()
        ),
    ],
)
def test_parse_start_refuses(text, sentence):
    with pytest.raises(start_time.StartRefused) as refusal:
        start_time.parse_start(text)

    assert str(refusal.value) == sentence


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize("text", ["9999-12-31 23:59", "0001-01-01 00:00"])
def test_a_start_at_the_end_of_the_calendar_is_refused(settings, zone, text):
    settings.TIME_ZONE = zone

    def parse_and_check():
        start_time.check_start(start_time.parse_start(text), due_at=None, now=NOON)

    with pytest.raises(start_time.StartRefused, match="Choose a"):
        parse_and_check()


@given(walls)
def test_a_parsed_start_is_the_local_time_that_was_entered(local):
    try:
        moment = start_time.parse_start(local.isoformat())
    except start_time.StartRefused:
        gap = local.replace(tzinfo=LONDON)
        assert gap.astimezone(UTC).astimezone(LONDON).replace(tzinfo=None) != local
    else:
        assert moment.astimezone(LONDON).replace(tzinfo=None) == local


@pytest.mark.parametrize(
    ("starts_at", "sentence"),
    [
        pytest.param(NOON, "This start has passed.", id="now"),
        pytest.param(NOON + timedelta(days=367), "within a year", id="far away"),
        pytest.param(NOON + timedelta(days=30), "after the due date", id="after it is due"),
    ],
)
def test_check_start_refuses(starts_at, sentence):
    with pytest.raises(start_time.StartRefused, match=sentence):
        start_time.check_start(starts_at, due_at=NOON + timedelta(days=20), now=NOON)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        pytest.param(
            datetime(2026, 12, 1, 8, tzinfo=UTC),
            "Tuesday 1 December 2026, 08:00 (Europe/London)",
            id="plain",
        ),
        pytest.param(
            datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
            "Sunday 31 October 2027, 01:30 (Europe/London, BST)",
            id="the first of two",
        ),
        pytest.param(
            datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
            "Sunday 31 October 2027, 01:30 (Europe/London, GMT)",
            id="the second of two",
        ),
    ],
)
def test_a_moment_in_words(moment, text):
    assert formatting.moment(moment) == text


def submitted(desk, people=2, **more):
    """Submit a plan as the page does."""
    draft = desk.draft(people=people)
    plan = desk.review(draft)
    return submission.submit(
        draft=draft,
        plan_digest=plan.plan_digest,
        reason="",
        confirms_completed=False,
        by=desk.by,
        now=desk.clock(),
        **more,
    )


def test_a_scheduled_batch_starts_at_its_time(desk):
    batch = submitted(desk, starts_at=desk.clock() + timedelta(days=3))

    desk.clock.skip(days=2)
    desk.deliver()
    assert desk.states(batch) == ["planned"] * 2
    desk.clock.skip(days=1)
    desk.deliver()

    batch.refresh_from_db()
    assert (batch.state, desk.states(batch)) == ("done", ["created"] * 2)


def test_people_who_left_before_the_start_are_skipped(desk):
    batch = submitted(desk, people=3, starts_at=desk.clock() + timedelta(days=3))
    learner = batch.assignments.get(position=2).learner
    learner.is_active = False
    learner.save(update_fields=["is_active"])

    desk.clock.skip(days=3)
    desk.deliver()

    assert desk.states(batch) == ["created", "skipped", "created"]


def test_a_start_before_the_end_of_the_grace_period_waits_for_it(desk):
    now = desk.clock()

    batch = submitted(desk, starts_at=now + timedelta(seconds=9))

    assert batch.starts_at >= now + timedelta(seconds=10)


def test_a_start_in_the_past_is_refused(desk):
    with pytest.raises(submission.SubmissionRefused, match="This start has passed"):
        submitted(desk, starts_at=desk.clock() - timedelta(seconds=1))
