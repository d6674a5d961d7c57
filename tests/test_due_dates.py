"""Due dates: what people type, which moment is sent, and what is probably a mistake."""

import os
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignments.services.planning import due_dates

TODAY = date(2026, 11, 23)
EXAMPLES = int(os.environ.get("DUE_EXAMPLES", "150"))
ZONES = (
    "Europe/London",
    "America/New_York",
    "America/Santiago",
    "America/Nuuk",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        pytest.param("2027-01-15", date(2027, 1, 15), id="a date"),
        pytest.param("15 January 2027", date(2027, 1, 15), id="a date in words"),
        pytest.param("15.01.2027", date(2027, 1, 15), id="a date with dots"),
        pytest.param("in 30 days", date(2026, 12, 23), id="in days"),
        pytest.param(" In  2 Weeks. ", date(2026, 12, 7), id="untidy"),
        pytest.param("a month", date(2026, 12, 23), id="a month"),
        pytest.param("3 months", date(2027, 2, 23), id="over the new year"),
        pytest.param("one year", date(2027, 11, 23), id="a year"),
        pytest.param("tomorrow", date(2026, 11, 24), id="tomorrow"),
        pytest.param("end of this week", date(2026, 11, 29), id="the end of this week"),
        pytest.param("end of month", date(2026, 11, 30), id="the end of the month"),
        pytest.param("the end of next month", date(2026, 12, 31), id="the end of next month"),
        pytest.param("end of next year", date(2027, 12, 31), id="the end of next year"),
        pytest.param("none", None, id="none"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_parse_due_date_understands(typed, day):
    assert due_dates.parse_due_date(typed, today=TODAY) == day


@pytest.mark.parametrize(
    ("today", "typed", "day"),
    [
        pytest.param(date(2027, 1, 31), "1 month", date(2027, 2, 28), id="31 January"),
        pytest.param(date(2028, 2, 29), "1 year", date(2029, 2, 28), id="29 February"),
        pytest.param(date(2026, 12, 5), "end of next month", date(2027, 1, 31), id="December"),
    ],
)
def test_parse_due_date_counts_in_the_calendar(today, typed, day):
    assert due_dates.parse_due_date(typed, today=today) == day


@pytest.mark.parametrize("typed", ["soon", "2027-02-30", "in days", "9999 years", "1/2/2027"])
def test_parse_due_date_says_what_to_type(typed):
    with pytest.raises(due_dates.DueDateRefused, match="such as 2027-01-15, in 30 days"):
        due_dates.parse_due_date(typed, today=TODAY)


@given(typed=st.text(max_size=40))
@settings(max_examples=EXAMPLES)
def test_parse_due_date_returns_a_day_or_refuses(typed):
    try:
        due_date = due_dates.parse_due_date(typed, today=TODAY)
    except due_dates.DueDateRefused:
        return
    assert due_date is None or isinstance(due_date, date)


@pytest.mark.parametrize(
    ("zone", "day", "moment"),
    [
        pytest.param("Europe/London", date(2026, 4, 30), "2026-04-30T22:59:59+00:00", id="summer"),
        pytest.param("Europe/London", date(2026, 3, 28), "2026-03-28T23:59:59+00:00", id="before"),
        pytest.param("Europe/London", date(2026, 3, 29), "2026-03-29T22:59:59+00:00", id="forward"),
        pytest.param("Europe/London", date(2026, 10, 25), "2026-10-25T23:59:59+00:00", id="back"),
        pytest.param(
            "America/New_York", date(2026, 3, 8), "2026-03-09T03:59:59+00:00", id="New York"
        ),
        pytest.param(
            "America/Santiago", date(2026, 4, 4), "2026-04-05T03:59:59+00:00", id="at midnight"
        ),
    ],
)
def test_the_end_of_a_day_is_right_when_clocks_change(settings, zone, day, moment):
    settings.TIME_ZONE = zone

    assert due_dates.last_second(day).isoformat() == moment


@given(
    day=st.dates(date(2024, 1, 1), date(2037, 12, 31)),
    zone=st.sampled_from(ZONES),
)
@settings(max_examples=EXAMPLES)
def test_a_day_that_is_sent_and_read_is_the_same_day(day, zone):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.TIME_ZONE", zone)

        sent = due_dates.last_second(day)

    here = sent.astimezone(ZoneInfo(zone))
    after = datetime.fromtimestamp(sent.timestamp() + 1, UTC).astimezone(ZoneInfo(zone))
    assert (sent.tzinfo, here.date()) == (UTC, day)
    assert after.date() > day


@pytest.mark.parametrize(
    ("day", "cautions"),
    [
        pytest.param(date(2026, 11, 20), ["The due date 2026-11-20 has passed."], id="the past"),
        pytest.param(date(2026, 11, 23), ["The due date is today."], id="today"),
        pytest.param(date(2026, 11, 26), ["The due date is only 3 days away."], id="three days"),
        pytest.param(date(2026, 11, 27), [], id="four days"),
        pytest.param(date(2026, 12, 5), ["The due date is a Saturday."], id="a weekend"),
        pytest.param(
            date(2029, 1, 14),
            ["The due date is more than two years away.", "The due date is a Sunday."],
            id="far and a weekend",
        ),
    ],
)
def test_cautions_name_probable_mistakes(day, cautions):
    assert due_dates.cautions(day, today=TODAY) == cautions


def test_today_is_the_day_of_the_organisation(settings):
    settings.TIME_ZONE = "Pacific/Kiritimati"

    assert due_dates.today(datetime(2026, 11, 23, 12, tzinfo=UTC)) == date(2026, 11, 24)
    assert due_dates.end_of_day(None) is None
