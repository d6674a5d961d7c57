"""Canonical JSON: the same bytes as the rfc8785 library, for any response of an LMS."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from assignments.audit.entries.canonical import canonical, timestamp
from assignments.models.sql.text_folding import fold

LARGEST = 2**53 - 1
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ODD_TEXT = st.text(max_size=8)
SCALAR = st.none() | st.booleans() | TEXT | st.integers(-LARGEST, LARGEST)
FLOAT = st.floats(-LARGEST, LARGEST)


def nested(scalars: st.SearchStrategy, keys: st.SearchStrategy[str]) -> st.SearchStrategy:
    values = st.recursive(
        scalars, lambda part: st.lists(part, max_size=4) | st.dictionaries(keys, part, max_size=4)
    )
    return st.dictionaries(keys, values, max_size=5)


@given(nested(SCALAR | FLOAT, TEXT))
def test_canonical_equals_the_library(value: dict[str, object]) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(nested(SCALAR | st.floats() | st.integers() | ODD_TEXT, ODD_TEXT))
def test_canonical_can_write_and_read_any_response(value: dict[str, object]) -> None:
    body = canonical(value)

    assert canonical(json.loads(body)) == body


@pytest.mark.parametrize(
    ("value", "body"),
    [
        pytest.param({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}', id="keys in order"),
        pytest.param(
            {"\U0001f600": 1, "\ufb33": 2},
            '{"\U0001f600":1,"\ufb33":2}',
            id="keys in the order of UTF-16",
        ),
        pytest.param({"a": 1.0}, '{"a":1}', id="a fraction as JavaScript writes it"),
        pytest.param({"a": 2**53}, '{"a":"9007199254740992"}', id="a number beyond 2^53"),
        pytest.param({"a": 1e300}, '{"a":"1e+300"}', id="a fraction beyond 2^53"),
        pytest.param({"a": float("nan")}, '{"a":"nan"}', id="no number"),
        pytest.param({"a": "x\ud800"}, '{"a":"x\ufffd"}', id="half a character"),
        pytest.param({"a": ("\x1f", 1)}, '{"a":["\\u001f",1]}', id="a tuple, a control character"),
    ],
)
def test_canonical(value: dict[str, object], body: str) -> None:
    assert canonical(value).decode() == body


def test_canonical_refuses_what_is_not_json() -> None:
    with pytest.raises(ValueError, match="unsupported type"):
        canonical({"a": object()})


@pytest.mark.parametrize(
    ("at", "written"),
    [
        pytest.param(
            datetime(2026, 11, 23, 10, 43, 0, 123456, tzinfo=UTC),
            "2026-11-23T10:43:00.123456Z",
            id="microseconds",
        ),
        pytest.param(
            datetime(2026, 7, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))),
            "2026-06-30T23:30:00.000000Z",
            id="another zone",
        ),
    ],
)
def test_timestamp_is_in_utc_with_microseconds(at: datetime, written: str) -> None:
    assert timestamp(at) == written


@pytest.mark.parametrize(
    ("text", "as_searched"),
    [
        pytest.param("GDPR Essentials", "gdpr essentials", id="capitals"),
        pytest.param("Élodie Núñez", "elodie nunez", id="accents"),
        pytest.param("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}pek", "ipek", id="Turkish I"),
        pytest.param("Y\N{LATIN SMALL LETTER DOTLESS I}lmaz", "yilmaz", id="Turkish i"),
        pytest.param("Łukasz Ørsted Straße", "lukasz orsted strasse", id="letters with strokes"),
        pytest.param("محمد", "محمد", id="no capitals to fold"),
    ],
)
def test_folded(text: str, as_searched: str) -> None:
    assert fold(text) == as_searched
