"""Due dates: what people type, which moment is sent, and what is probably a mistake."""

import os
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignments.services.planning import due_cautions, due_dates
from assignments.services.planning.due_cautions import RowsDue

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


TODAYS = st.dates(date(2024, 1, 1), date(2040, 1, 1))
UNITS = st.sampled_from(["day", "week", "fortnight", "month", "quarter", "year"])


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
        pytest.param("end of quarter", date(2026, 12, 31), id="the end of the quarter"),
        pytest.param("by the end of next quarter", date(2027, 3, 31), id="the next quarter"),
        pytest.param("next Friday", date(2026, 12, 4), id="the Friday of next week"),
        pytest.param("friday", date(2026, 11, 27), id="the next Friday"),
        pytest.param("on Mon", date(2026, 11, 30), id="the same weekday as today"),
        pytest.param("this Sunday", date(2026, 11, 29), id="this Sunday"),
        pytest.param("In Twelve Weeks", date(2027, 2, 15), id="a number in words"),
        pytest.param("a fortnight", date(2026, 12, 7), id="a fortnight"),
        pytest.param("two quarters", date(2027, 5, 23), id="quarters"),
        pytest.param("Friday 15th January 2027", date(2027, 1, 15), id="with the weekday"),
        pytest.param("15-Jan-27", date(2027, 1, 15), id="as spreadsheets write it"),
        pytest.param("20270115", date(2027, 1, 15), id="without separators"),
        pytest.param("15. Januar 2027", date(2027, 1, 15), id="in German"),
        pytest.param("\uff11\uff15/01\uff0f2027", date(2027, 1, 15), id="in full width"),
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


@pytest.mark.parametrize(
    "typed",
    [
        "soon",
        "2027-02-30",
        "in days",
        "9999 years",
        "2/14/2027",
        "two",
        "next",
        "next month",
        "end of friday",
        "thirteen days",
        "mo",
        "the 5th",
    ],
)
def test_parse_due_date_says_what_to_type(typed):
    with pytest.raises(due_dates.DueDateRefused, match="such as 2027-01-15, in 30 days"):
        due_dates.parse_due_date(typed, today=TODAY)


@pytest.mark.parametrize("typed", ["9999-12-31", "31/12/9999", "1 January 2100", "1000 months"])
def test_parse_due_date_refuses_placeholders_that_are_far_away(typed, settings):
    settings.TIME_ZONE = "America/New_York"

    with pytest.raises(due_dates.DueDateTooFar, match=r"is too far away\. Choose a year"):
        due_dates.parse_due_date(typed, today=TODAY)
    assert due_dates.due_moment(date(2099, 12, 31), None).year == 2100


@pytest.mark.parametrize(("habit", "month"), [("day-first", 4), ("month-first", 3)])
def test_parse_due_date_reads_numbers_as_the_organisation_writes_them(settings, habit, month):
    settings.DATE_ORDER = habit

    assert due_dates.parse_due_date("03/04/2027", today=TODAY) == date(2027, month, 7 - month)
    order = due_dates.DateOrder.MONTH_FIRST
    assert due_dates.parse_due_date("03/04/2027", today=TODAY, order=order) == date(2027, 3, 4)


def parsed(words, *, today):
    """Return the due date that the words mean."""
    return due_dates.parse_due_date(words, today=today)


NUMBERS = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


@given(today=TODAYS, number=st.integers(1, 12), unit=UNITS)
@settings(max_examples=EXAMPLES)
def test_numbers_in_words_are_those_in_digits(today, number, unit):
    in_words, in_digits = (
        parsed(f"in {text} {unit}s", today=today) for text in (NUMBERS[number - 1], number)
    )

    assert in_words == in_digits > today


@given(today=TODAYS, weekday=st.integers(0, 6))
@settings(max_examples=EXAMPLES)
def test_weekdays_are_in_the_next_seven_days_or_in_next_week(today, weekday):
    name = f"{date(2024, 1, 1 + weekday):%A}"
    first, of_next_week = (parsed(words, today=today) for words in (name, f"next {name}"))
    monday = today + timedelta(days=7 - today.weekday())

    assert first.weekday() == of_next_week.weekday() == weekday
    assert timedelta() < first - today <= timedelta(days=7)
    assert timedelta() <= of_next_week - monday < timedelta(days=7)


@given(today=TODAYS, unit=st.sampled_from(["week", "month", "quarter", "year"]))
@settings(max_examples=EXAMPLES)
def test_the_end_of_a_period_is_followed_by_the_next_one(today, unit):
    this, following = (parsed(f"end of {which} {unit}", today=today) for which in ("this", "next"))

    assert today <= this < following
    day_after = this + timedelta(days=1)
    assert parsed(f"end of {unit}", today=day_after) == following
    assert parsed(f"end of next {unit}", today=this) == following


@given(
    typed=st.text(max_size=40)
    | st.from_regex(r"\A(in|by|next|end of)? ?[a-z]{1,9} [a-z]{1,9}\Z")
    | st.from_regex(r"\A[0-9]{1,8}[-/. ][0-9a-z]{1,9}[-/. ][0-9]{1,8}\Z")
)
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

    assert due_dates.due_moment(day, None).isoformat() == moment


@given(
    day=st.dates(date(2024, 1, 1), date(2037, 12, 31)),
    zone=st.sampled_from(ZONES),
)
@settings(max_examples=EXAMPLES)
def test_a_day_that_is_sent_and_read_is_the_same_day(day, zone):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.TIME_ZONE", zone)

        sent = due_dates.due_moment(day, None)

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
    assert due_cautions.cautions(day, today=TODAY) == cautions


def test_cautions_of_rows_name_how_many_and_which():
    rows = [
        RowsDue(date(2026, 12, 6), 1, "row 9"),
        RowsDue(date(2026, 12, 5), 2, "rows 4, 7"),
        RowsDue(date(2026, 12, 7), 5, "rows 10"),
        RowsDue(date(2026, 11, 23), 1, "row 2"),
    ]

    assert due_cautions.row_cautions(rows, today=TODAY) == [
        "1 row is due within three days: Monday 23 November 2026 (row 2).",
        "3 rows are due at a weekend: Saturday 5 December 2026 (rows 4, 7), "
        "Sunday 6 December 2026 (row 9).",
    ]


@given(days=st.lists(st.dates(date(2026, 1, 1), date(2030, 1, 1)), unique=True, max_size=20))
def test_every_kind_of_caution_counts_all_its_rows(days):
    rows = [RowsDue(day, 1, "row 2") for day in days]

    sentences = due_cautions.row_cautions(rows, today=TODAY)

    weekends = sum(day.weekday() >= 5 for day in days)
    named = [text for text in sentences if "at a weekend" in text]
    assert [text.split()[0] for text in named] == ([str(weekends)] if weekends else [])
    assert len(sentences) == len({text for day in days for text in kinds(day)})


def kinds(day):
    """Return what is unusual about a due date, without its numbers and names."""
    cautions = due_cautions.cautions(day, today=TODAY)
    words = {"passed": "passed", "more": "far", "Saturday": "weekend", "Sunday": "weekend"}
    return [next((v for k, v in words.items() if k in text), "soon") for text in cautions]


def test_today_is_the_day_of_the_organisation(settings):
    settings.TIME_ZONE = "Pacific/Kiritimati"

    assert due_dates.today(datetime(2026, 11, 23, 12, tzinfo=UTC)) == date(2026, 11, 24)


def test_a_due_date_may_have_a_time_of_day(settings):
    settings.TIME_ZONE = "Europe/Berlin"

    moment = due_dates.due_moment(date(2027, 7, 15), time(17, 30))

    assert moment == datetime(2027, 7, 15, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "at", "skipped", "repeated"),
    [
        pytest.param(
            date(2027, 3, 28),
            time(2, 30),
            [
                "The clocks go forward on 28 March 2027, so 02:30 does not exist. "
                "Choose 03:30, for example."
            ],
            [],
            id="skipped",
        ),
        pytest.param(
            date(2027, 10, 31),
            time(2, 30),
            [],
            [
                "The clocks go back on 31 October 2027, so 02:30 occurs twice: the later one is "
                "meant."
            ],
            id="twice",
        ),
        pytest.param(date(2027, 3, 28), time(3, 0), [], [], id="the first after the gap"),
        pytest.param(date(2027, 10, 31), time(3, 0), [], [], id="the first after both"),
        pytest.param(date(2027, 3, 28), None, [], [], id="the end of the day"),
    ],
)
def test_times_that_clocks_skip_or_repeat_are_said(settings, day, at, skipped, repeated):
    settings.TIME_ZONE = "Europe/Berlin"

    assert due_dates.skipped_times([None, day, date(2027, 7, 1)], at) == skipped
    assert due_dates.repeated_times([None, day, date(2027, 7, 1)], at) == repeated


@given(
    day=st.dates(date(2024, 1, 1), date(2037, 12, 31)),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    zone=st.sampled_from(ZONES),
)
@settings(max_examples=EXAMPLES)
def test_a_time_that_is_not_skipped_is_sent_as_it_is(day, at, zone):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.TIME_ZONE", zone)

        here = due_dates.due_moment(day, at).astimezone(ZoneInfo(zone))

        is_same = here.replace(tzinfo=None) == datetime.combine(day, at)
        assert is_same != bool(due_dates.skipped_times([day], at))
        is_second = here.fold == 1
        assert is_second == bool(due_dates.repeated_times([day], at))
