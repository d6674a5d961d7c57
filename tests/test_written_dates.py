"""Dates as people and spreadsheets write them, in several languages and in either order."""

import os
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assignments.services.picking.uploads import date_order
from assignments.services.picking.uploads.date_order import OrderEvidence
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.planning.due_dates import DateOrder
from assignments.services.planning.written_dates import has_two_numbers_first, parse_date

MANY = int(os.environ.get("LIST_EXAMPLES", "200"))
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
MONTHS = {
    "English": "January February March April May June July August September October November "
    "December",
    "short English": "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec",
    "German": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "Austrian": "Jänner Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre "
    "décembre",
    "short French": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre",
    "Portuguese": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro "
    "dezembro",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre "
    "novembre dicembre",
    "Dutch": "januari februari maart april mei juni juli augustus september oktober november "
    "december",
    "short Dutch": "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "Polish": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
    "listopada grudnia",
}
FORMS = (
    "{d} {month} {y}", "{d}. {month} {y}", "{d:02}-{month}-{y2}", "{month} {d}, {y}",
    "{d}{th} {month} {y}", "{month} {d}{th} {y}", "{d} de {month} de {y}", "{y} {month} {d}",
    "{d} {month} '{y2}", "the {d}{th} of {month} {y}", "{d}/{month}/{y}", "{d:02}{month}{y}",
)  # fmt: skip
WEEKDAYS = ("", "Fri ", "Friday, ", "Fr., ", "vendredi ", "sexta-feira, ", "VIERNES ", "środa ")
NUMBERS = ("{d}/{m}/{y}", "{d:02}/{m:02}/{y}", "{d}-{m}-{y}", "{d} {m} {y}", "{d}/{m}/{y} 00:00:00")


def ordinal(number):
    """Return the English suffix of an ordinal number."""
    last = 0 if 11 <= number <= 13 else number % 10
    return {1: "st", 2: "nd", 3: "rd"}.get(last, "th")


@settings(max_examples=MANY)
@given(
    day=DAYS,
    language=st.sampled_from(sorted(MONTHS)),
    form=st.sampled_from(FORMS),
    weekday=st.sampled_from(WEEKDAYS),
    is_upper=st.booleans(),
    day_first=st.booleans(),
)
def test_a_month_in_words_is_read_in_every_language(
    day, language, form, weekday, is_upper, day_first
):
    month = MONTHS[language].split()[day.month - 1]
    text = weekday + form.format(
        d=day.day, month=month, y=day.year, y2=f"{day:%y}", th=ordinal(day.day)
    )

    assert parse_date(text.upper() if is_upper else text, day_first=day_first) == day


@given(
    day=DAYS,
    form=st.sampled_from(["{:%Y-%m-%d}", "{:%Y/%m/%d}", "{:%Y%m%d}", "{:%d.%m.%Y}", "{:%Y.%m.%d}"]),
    weekday=st.sampled_from(WEEKDAYS),
    time=st.sampled_from(["", "T00:00:00", " 23:59", " 0:00:00 AM"]),
    day_first=st.booleans(),
)
def test_numbers_in_an_order_that_is_clear_are_read_either_way(day, form, weekday, time, day_first):
    assert parse_date(weekday + form.format(day) + time, day_first=day_first) == day


@given(day=DAYS, form=st.sampled_from(NUMBERS), weekday=st.sampled_from(WEEKDAYS))
def test_the_order_of_day_and_month_is_never_turned_around(day, form, weekday):
    text = weekday + form.format(d=day.day, m=day.month, y=day.year)

    assert has_two_numbers_first(text)
    assert parse_date(text, day_first=True) == day
    turned = date(day.year, day.day, day.month) if day.day <= 12 else None
    assert parse_date(text, day_first=False) == turned


@given(day=st.dates(date(1982, 2, 18), date(2099, 12, 31)))
def test_the_serial_number_of_a_spreadsheet_is_read(day):
    serial = (day - date(1899, 12, 30)).days

    assert parse_date(str(serial), day_first=True) == day
    assert parse_date(f"{serial}.75", day_first=True) == day


@pytest.mark.parametrize(
    "text",
    ["31.02.2027", "soon", "", "2027", "15 Foo 2027", "15 Jui 2027", "Jan 2027", "15 Jan",
     "15 Jan Feb 2027", "20271301", "1 2 3 4", "Room 15 Jan 2027", "15/01/27"],
)  # fmt: skip
def test_what_is_no_day_is_not_read(text):
    assert parse_date(text, day_first=True) is None


@settings(max_examples=MANY)
@given(text=st.text(max_size=20), day_first=st.booleans())
@example(text="1 ፩ jan 2027", day_first=True)
@example(text="² jan 2027", day_first=True)
def test_any_text_is_read_or_not(text, day_first):
    assert isinstance(parse_date(text, day_first=day_first), date | None)


def numbered(days, form):
    """Return rows with dates that have two numbers first, and the row of the first of each kind."""
    return [(number, [form(day)]) for number, day in enumerate(days, 2)]


def day_before_month(day):
    """Write the day first."""
    return f"{day.day}/{day.month}/{day.year}"


def month_before_day(day):
    """Write the month first."""
    return f"{day.month:02}/{day.day:02}/{day.year}"


LATE = DAYS.filter(lambda day: day.day > 12)
EARLY = DAYS.filter(lambda day: day.day <= 12 and day.day != day.month)


@given(
    days=st.lists(DAYS, max_size=30),
    late=LATE,
    at=st.integers(0, 30),
    form=st.sampled_from([day_before_month, month_before_day]),
)
def test_one_date_of_all_rows_shows_the_order(days, late, at, form):
    days.insert(at, late)
    evidence = date_order.judge_order(numbered(days, form), 0)

    assert date_order.contradiction("Due", evidence) == ""
    assert date_order.assumption("Due", evidence) == ""
    order = DateOrder.DAY_FIRST if form is day_before_month else DateOrder.MONTH_FIRST
    assert date_order.order_of("", "Due", evidence) is order


@given(early=st.lists(EARLY, max_size=9), by_day=LATE, by_month=LATE, order=st.randoms())
def test_a_column_that_contradicts_itself_is_asked_about(early, by_day, by_month, order):
    cells = [day_before_month(by_day), month_before_day(by_month), *map(day_before_month, early)]
    order.shuffle(cells)
    rows = [(number, ["x", cell]) for number, cell in enumerate(cells, 2)]
    evidence = date_order.judge_order(rows, 1)

    with pytest.raises(UploadRefused, match=r"“Due” contradicts itself: .*Choose how its days"):
        date_order.order_of("", "Due", evidence)
    assert evidence.day_first.startswith(f"{day_before_month(by_day)} in row ")
    assert evidence.month_first.startswith(f"{month_before_day(by_month)} in row ")
    for chosen in DateOrder:
        assert date_order.order_of(chosen.value, "Due", evidence) is chosen


@pytest.mark.parametrize(("habit", "first"), [("day-first", "day"), ("month-first", "month")])
def test_without_evidence_the_habit_of_the_organisation_decides_and_is_named(
    settings, habit, first
):
    settings.DATE_ORDER = habit
    evidence = date_order.judge_order([(2, ["05/05/2027"]), (3, ["03/04/2027"]), (4, [])], 0)

    assert evidence == OrderEvidence(either="03/04/2027 in row 3")
    assert date_order.assumption("Due", evidence).endswith(f"writes dates: the {first} first.")
    assert date_order.order_of("", "Due", evidence) == habit


@given(days=st.lists(DAYS, max_size=9))
def test_dates_with_a_clear_order_show_nothing(days):
    rows = [(n, [f"{day:%d.%m.%Y}" if n % 2 else f"{day:%Y-%m-%d}"]) for n, day in enumerate(days)]

    assert date_order.judge_order(rows, 0) == OrderEvidence()
    assert date_order.judge_order(rows, None) == OrderEvidence()
    assert date_order.judge_order([(2, ["13/14/2027"]), (3, ["31/11/2027"])], 0) == OrderEvidence()
