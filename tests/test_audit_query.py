"""The query language of the log: parsing, syntax errors with positions, and formatting."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.audit.search import date_ranges
from assignments.audit.search.completion import describe_dates
from assignments.audit.search.date_ranges import Span
from assignments.audit.search.parser import MAX_LENGTH, MAX_TERMS, QuerySyntaxError, parse
from assignments.audit.search.query import FIELDS, Query

TODAY = date(2026, 11, 25)
VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["2026-10", "..", ">=2026-Q3", "last-month", "#7", "B-0417", "created", "a b"]),
    st.from_regex(r"[0-9]{1,4}(-[0-9]{1,2}){0,2}(\\.\\.[0-9-]*)?", fullmatch=True),
)
PARTS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "-"]),
    st.sampled_from(["", *(f"{name}:" for name in FIELDS), "colour:"]),
    st.one_of(VALUES, VALUES.map('"{}"'.format), VALUES.map('"{}'.format)),
)
QUERIES = st.lists(PARTS, max_size=6).map(" ".join)


def parsed(text: str) -> Query:
    return parse(text, today=TODAY)


def try_parse(text: str) -> Query | QuerySyntaxError:
    try:
        return parsed(text)
    except QuerySyntaxError as refused:
        return refused


def syntax_error(text: str) -> QuerySyntaxError:
    with pytest.raises(QuerySyntaxError) as refused:
        parsed(text)
    return refused.value


@given(st.one_of(QUERIES, st.text(max_size=60), st.text('-:"\\\\ .#B2\0\ud800a', max_size=20)))
def test_any_text_is_parsed_or_refused_with_a_position(text: str) -> None:
    query = try_parse(text)

    if isinstance(query, QuerySyntaxError):
        assert 0 <= query.start <= query.end <= len(query.query)
        assert str(query)
    else:
        assert parsed(str(query)) == query
        assert str(parsed(str(query))) == str(query)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param(" elif  gdpr ", [("text", "elif"), ("text", "gdpr")], id="words"),
        pytest.param('"fire safety"', [("text", "fire safety")], id="a phrase"),
        pytest.param(r'"say \"no\" \\"', [("text", 'say "no" \\')], id="escaped signs"),
        pytest.param('by:"Ana Silva"', [("by", "Ana Silva")], id="a quoted value"),
        pytest.param("BY:ana", [("by", "ana")], id="a qualifier in capitals"),
        pytest.param("-", [("text", "-")], id="a minus alone is a word"),
        pytest.param("#1,204", [("entry", "#1,204")], id="an entry's number"),
        pytest.param("b-7", [("batch", "b-7")], id="a batch's number"),
        pytest.param('"b-7"', [("text", "b-7")], id="a quoted number is words"),
        pytest.param('"when:"', [("text", "when:")], id="a quoted qualifier is words"),
        pytest.param("10:30", [("text", "10:30")], id="a time is a word"),
        pytest.param("a\tb\0c", [("text", "a"), ("text", "b"), ("text", "c")], id="other signs"),
    ],
)
def test_terms_are_parsed(text: str, terms: list[tuple[str, str]]) -> None:
    assert [(term.field, term.value) for term in parsed(text).terms] == terms


def test_a_term_has_its_position_and_minus() -> None:
    _, term = parsed("elif -result:created").terms

    assert (term.is_negated, term.start, term.end, str(term)) == (True, 5, 20, "-result:created")


@pytest.mark.parametrize(
    ("text", "sentence", "at"),
    [
        pytest.param("a colour:red", "There is no field colour:.", "colour:", id="no name"),
        pytest.param("resutl:x", "Did you mean result:?", "resutl:", id="nearly a name"),
        pytest.param("x by:", "After by: comes who did it", "by:", id="no value"),
        pytest.param('a ""', "This term is empty.", '""', id="an empty quotation"),
        pytest.param('a "b c', "A quotation mark is missing", '"b c', id="no end"),
        pytest.param("batch:x", "such as B-0417", "x", id="no batch"),
        pytest.param("entry:x", "such as 20377", "x", id="no number"),
        pytest.param("entry:9999999999999999", "such as", "9999999999999999", id="too long"),
        pytest.param("entry:9..2", "The range ends before it begins.", "9..2", id="backwards"),
        pytest.param("action:creatd", "Did you mean created?", "creatd", id="nearly an action"),
        pytest.param("action:qqqq", "Try created", "qqqq", id="no action"),
        pytest.param("content:ab", "at least 3 letters", "ab", id="too short"),
        pytest.param("\u0301", "This has no letter or digit", "\u0301", id="nothing but an accent"),
        pytest.param("when:soon", "Write a day as 2026-10-31", "soon", id="no day"),
        pytest.param("when:0026", "Write a day as", "0026", id="no year of the log"),
        pytest.param("when:..", "Write a day as", "when:..", id="no ends"),
        pytest.param("x -when:2026-13..", "There is no month 13.", "2026-13", id="no month"),
        pytest.param("when:2026-1..2026-2-30", "February 2026 has 28 days.", "2026-2-30", id="end"),
        pytest.param("when:>=x", "Write a day as", "x", id="no day after a sign"),
        pytest.param('when:"x y"', "Write a day as", 'when:"x y"', id="in a quotation"),
    ],
)
def test_a_syntax_error_points_at_the_fault(text: str, sentence: str, at: str) -> None:
    refused = syntax_error(text)

    assert sentence in str(refused)
    assert refused.parts[1] == at
    assert "".join(refused.parts) == text


def test_a_syntax_error_is_shown_below_the_query() -> None:
    assert syntax_error("elif entry:x").with_pointer() == (
        "Write an entry's number, such as 20377, or two of them: 100..200. (at character 12)\n"
        "  elif entry:x\n"
        "             ^"
    )


def test_a_query_has_a_maximum_length() -> None:
    assert syntax_error("x" * (MAX_LENGTH + 1)).start == MAX_LENGTH
    assert len(parsed("x " * MAX_TERMS).terms) == MAX_TERMS
    assert syntax_error("x " * (MAX_TERMS + 1)).parts[1] == "x"


def test_values_that_may_name_a_person_are_redacted() -> None:
    query = parsed("elif by:ana -person:learner/7 by:system content:gdpr")

    assert query.redacted() == "… by:… -person:learner/7 by:system content:gdpr"
    assert (query.is_personal, parsed("by:user/2 when:today").is_personal) == (True, False)


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        pytest.param("2026-11-05", "2026-11-05", "2026-11-05", id="a day"),
        pytest.param("2026-2", "2026-02-01", "2026-02-28", id="a month"),
        pytest.param("2026", "2026-01-01", "2026-12-31", id="a year"),
        pytest.param("2026-q4", "2026-10-01", "2026-12-31", id="a quarter"),
        pytest.param("2026-10..2026-11-02", "2026-10-01", "2026-11-02", id="a range"),
        pytest.param("2026-10..", "2026-10-01", None, id="an open end"),
        pytest.param("..2026-10", None, "2026-10-31", id="an open beginning"),
        pytest.param(">2026-10", "2026-11-01", None, id="after"),
        pytest.param(">=2026-10", "2026-10-01", None, id="not before"),
        pytest.param("<2026-10", None, "2026-09-30", id="before"),
        pytest.param("<=2026-10", None, "2026-10-31", id="not after"),
        pytest.param("today", "2026-11-25", "2026-11-25", id="today"),
        pytest.param("Yesterday", "2026-11-24", "2026-11-24", id="yesterday"),
        pytest.param("last-7-days", "2026-11-19", "2026-11-25", id="seven days"),
        pytest.param("this-week", "2026-11-23", "2026-11-29", id="this week"),
        pytest.param("last-month", "2026-10-01", "2026-10-31", id="last month"),
        pytest.param("last-quarter", "2026-07-01", "2026-09-30", id="last quarter"),
        pytest.param("last-year..today", "2025-01-01", "2026-11-25", id="words in a range"),
    ],
)
def test_dates_are_parsed(value: str, first: str | None, last: str | None) -> None:
    ends = (date.fromisoformat(end) if end else None for end in (first, last))
    assert date_ranges.parse_dates(value, TODAY) == Span(*ends)


@given(st.dates(date(1990, 1, 1), date(2198, 12, 31)))
def test_every_named_period_is_valid_on_any_day(today: date) -> None:
    for word, (first, last) in date_ranges.named_periods(today).items():
        assert first <= last, word
        assert date_ranges.parse_dates(word, today) == Span(first, last)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param("when:2026-11-25", "25 Nov 2026", id="a day"),
        pytest.param("when:2026-11", "1 Nov 2026 – 30 Nov 2026", id="a month"),
        pytest.param("when:>=2026-11", "from 1 Nov 2026", id="an open end"),
        pytest.param("due:<2026-11", "until 31 Oct 2026", id="an open beginning"),
        pytest.param("entry:7", "", id="no days"),
        pytest.param("elif", "", id="words"),
    ],
)
def test_dates_are_described(value: str, words: str) -> None:
    (term,) = parsed(value).terms
    assert describe_dates(term.parsed_value) == words


def test_the_last_quarter_of_the_year_before() -> None:
    assert date_ranges.parse_dates("last-quarter", date(2026, 2, 1)) == date_ranges.parse_dates(
        "2025-Q4", TODAY
    )
