"""The passthrough: which JSON objects are accepted, and that they are sent as they were typed."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.planning.passthrough import (
    MAX_BYTES,
    TOO_LONG,
    PassthroughRefused,
    parse_passthrough,
    secret_texts,
    to_compact_json,
)

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
SCALARS: st.SearchStrategy[object] = (
    st.none() | st.booleans() | TEXT | st.integers(-(2**53) + 1, 2**53 - 1)
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = SCALARS | FLOATS | st.lists(SCALARS, max_size=3) | st.dictionaries(TEXT, SCALARS, max_size=3)


@given(st.dictionaries(TEXT, JSON, min_size=1, max_size=4), st.sampled_from([None, 2]))
def test_an_object_is_kept_in_its_order(value, indent):
    parsed = parse_passthrough(json.dumps(value, indent=indent))

    assert parsed == to_compact_json(value)
    assert list(json.loads(parsed)) == list(value)
    assert parse_passthrough(parsed) == parsed


@given(st.text(max_size=40) | JSON.map(json.dumps) | st.integers(1, 9_000).map("[".__mul__))
def test_any_text_is_parsed_or_refused_with_a_sentence(text):
    with suppress(PassthroughRefused):
        assert parse_passthrough(text) == "" or isinstance(json.loads(text), dict)


@pytest.mark.parametrize("text", ["", "  \n", "{}", " { } "])
def test_nothing_is_no_passthrough(text):
    assert parse_passthrough(text) == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1]", 'Write the passthrough as a JSON object, such as {"cohort": "A"}.'),
        ('{"a": 1', "The passthrough is not JSON: see line 1, column 8."),
        ('{"a": 1, "a": 2}', "The passthrough has “a” twice. Remove one of them."),
        ('{"a": {"b": 1, "b": 2}}', "The passthrough has “b” twice. Remove one of them."),
        ('{"a": NaN}', "The passthrough has a number that is too large."),
        ('{"a": 1e999}', "The passthrough has a number that is too large."),
        (
            '{"a": 9007199254740993}',
            "Write numbers of more than 15 digits in the passthrough as text.",
        ),
        ('{"a": %s}' % ("9" * 5_000), "The passthrough has too many digits or levels."),
        ('{"a": "\\u0000"}', "Type the passthrough again: it has control characters."),
        ('{"a\\ud800": 1}', "Type the passthrough again: it has control characters."),
        ('{"a": [[[[[1]]]]]}', "Use at most 5 levels in the passthrough."),
        ('{"a": "%s"}' % ("ä" * (MAX_BYTES // 2)), TOO_LONG),
        ("{" + " " * 99_999 + "}", TOO_LONG),
    ],
)
def test_what_cannot_be_sent_as_typed_is_refused(text, sentence):
    with pytest.raises(PassthroughRefused) as refusal:
        parse_passthrough(text)

    assert str(refusal.value) == sentence


def test_secret_texts_are_the_longer_ones():
    text = to_compact_json(
        {"token": "tok-9f8e7d", "kind": "A", "more": ["bearer-12345", 123456789]}
    )

    assert secret_texts(text) == ("tok-9f8e7d", "bearer-12345")
    assert secret_texts("erased, so no JSON") == ()
