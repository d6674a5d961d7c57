"""Terms as they are typed: each text is a value that can be sent, or refused with a sentence."""

from contextlib import suppress
from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.planning.term_parsing import (
    TERM_PARSERS,
    TermRefused,
    parse_assigned_at,
    parse_due_time,
    parse_progress,
    parse_reference,
)

ODD = st.text(max_size=30) | st.sampled_from(["9999-12-31 23:59", "0001-01-01T00:00", "1e5", "٣"])


@pytest.mark.parametrize("name", sorted(TERM_PARSERS))
@given(text=ODD)
def test_any_text_is_parsed_or_refused(name, text):
    with suppress(TermRefused):
        TERM_PARSERS[name](text)


@given(st.integers(0, 10_000), st.sampled_from(["", " ", "%", " %"]), st.booleans())
def test_a_progress_with_two_decimals_is_what_was_typed(hundredths, unit, has_comma):
    percent = hundredths / 100
    typed = f"{percent:g}{unit}"

    assert parse_progress(typed.replace(".", ",") if has_comma else typed) == percent


@pytest.mark.parametrize("text", ["-1", "100.01", "101", "1,000", "40.125", "NaN", "4e1", "٤٠"])
def test_a_progress_that_cannot_be_sent_is_refused(text):
    with pytest.raises(TermRefused) as refusal:
        parse_progress(text)

    assert str(refusal.value) == "Enter the progress as a number from 0 to 100, such as 40 or 62.5."


def test_a_time_of_assignment_is_local(settings):
    settings.TIME_ZONE = "America/New_York"

    assert parse_assigned_at("2027-01-15 08:00") == datetime(2027, 1, 15, 13, tzinfo=UTC)
    assert parse_assigned_at("  ") is None


def test_a_due_time_needs_the_setting(settings):
    settings.DUE_TIMES = True
    assert parse_due_time("17:30") == time(17, 30)
    with pytest.raises(TermRefused, match=r"Enter the due time as hours and minutes"):
        parse_due_time("5 pm")
    settings.DUE_TIMES = False
    with pytest.raises(TermRefused, match=r"the setting DUE_TIMES is off"):
        parse_due_time("17:30")


def test_spaces_of_a_reference_are_single():
    assert parse_reference("  HR\t2027 \u00a0 14 ") == "HR 2027 14"
