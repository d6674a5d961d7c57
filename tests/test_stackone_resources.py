"""Resources: lenient parsing of every form, exact serialising."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.stackone.json_values import (
    as_bool,
    as_datetime,
    as_enum,
    as_enum_values,
    as_id,
    as_number,
    as_object,
    as_text,
)
from assignments.stackone.resources import (
    LearningObject,
    LinkedAccount,
    NewAssignment,
    RemoteAssignment,
    User,
    format_datetime,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
READERS: list[Callable[[dict[str, object]], Any]] = [
    User.from_json,
    LearningObject.from_json,
    LearningObject.course_from_json,
    RemoteAssignment.from_json,
    LinkedAccount.from_json,
]
KEYS = st.sampled_from(
    sorted(
        {"active", "assigned_at", "categories", "content_type", "course_id", "created_at"}
        | {"due_date", "id", "languages", "learning_object_id", "name", "progress", "source_value"}
        | {"status", "unified_custom_fields", "url", "value"}
    )
)
ODD_TEXT = st.text() | st.sampled_from(
    ["true", "in-progress", "2026-11-23", "9999-12-31T23:59:59-14:00", "1e999", "\0", "\ud800"]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ODD_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS | ODD_TEXT, inner),
    max_leaves=10,
)


@given(data=st.dictionaries(KEYS | ODD_TEXT, ANY_JSON))
def test_parsers_accept_any_object(data):
    for record in [read(data) for read in READERS]:
        for value in (getattr(record, name) for name in record.__slots__):
            assert not isinstance(value, datetime) or value.tzinfo is UTC
            kept = json.dumps(value, allow_nan=False, default=str, ensure_ascii=False)
            assert "\0" not in kept.encode().decode()


@pytest.mark.parametrize(
    "user",
    [
        pytest.param(
            {
                "id": "u1",
                "remote_id": "77",
                "external_reference": "E-1",
                "name": "Aoife O'Sullivan",
                "email": "aoife@northwind.example",
                "active": True,
                "unified_custom_fields": {"department": "Sales", "level": 3.5},
                "created_at": "2026-11-23T12:00:00.000Z",
                "updated_at": "2026-11-23T14:00:00+02:00",
            },
            id="as specified",
        ),
        pytest.param(
            {
                "id": "u1",
                "remote_id": 77,
                "external_reference": "E-1",
                "name": "Aoife\0 O'Sullivan",
                "email": "aoife@northwind.example",
                "active": "TRUE",
                "unified_custom_fields": {"department": "Sales", "level": 3.5},
                "created_at": "2026-11-23T12:00:00",
                "updated_at": " 2026-11-23 12:00:00z",
                "unknown": {"field": 1},
            },
            id="in odd forms",
        ),
    ],
)
def test_user_is_parsed(user):
    assert User.from_json(user) == User(
        id="u1",
        remote_id="77",
        external_reference="E-1",
        name="Aoife O'Sullivan",
        email="aoife@northwind.example",
        is_active=True,
        custom_fields={"department": "Sales", "level": 3.5},
        created_at=NOON,
        updated_at=NOON,
    )


def test_user_without_fields():
    assert User.from_json({}) == User(None, None, None, None, None, None, {}, None, None)


def test_content_is_parsed():
    content = {
        "id": "c1",
        "external_reference": "CRS 1",
        "title": "Fire safety",
        "content_type": {"value": "video", "source_value": "clip"},
        "active": "false",
        "duration": "PT30M",
        "languages": [{"value": "en_GB"}, {"source_value": "Klingon"}, "fr", None, {}],
        "content_url": None,
        "url": "https://lms.example/c1",
    }

    assert LearningObject.from_json(content) == LearningObject(
        id="c1",
        remote_id=None,
        external_reference="CRS 1",
        title="Fire safety",
        description=None,
        kind="video",
        is_active=False,
        duration="PT30M",
        languages=("en_GB", "Klingon", "fr"),
        url="https://lms.example/c1",
        updated_at=None,
    )


@pytest.mark.parametrize(
    ("kind", "content", "course"),
    [
        pytest.param(None, None, "course", id="not said"),
        pytest.param({"value": "quiz"}, "quiz", "quiz", id="said"),
        pytest.param("Document", "document", "document", id="a bare word"),
        pytest.param(
            {"value": "unmapped_value", "source_value": "webinar"},
            "webinar",
            "webinar",
            id="the provider's word",
        ),
        pytest.param({"value": "unmapped_value"}, "unmapped_value", "unmapped_value", id="neither"),
    ],
)
def test_kind_is_parsed(kind, content, course):
    data = {"id": "c1", "content_type": kind}

    assert LearningObject.from_json(data).kind == content
    assert LearningObject.course_from_json(data).kind == course


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({}, id="as specified"),
        pytest.param(
            {"status": {"value": "in-progress", "source_value": 3}, "progress": "40"},
            id="in odd forms",
        ),
        pytest.param({"learning_object_id": None, "course_id": "c1"}, id="the deprecated course"),
        pytest.param({"created_at": None, "assigned_at": "2026-11-23T12:00:00Z"}, id="newer"),
        pytest.param({"assigned_at": "2026-11-01T12:00:00Z"}, id="both, the LMS's own time counts"),
    ],
)
def test_assignment_is_parsed(odd):
    assignment = {
        "id": "a1",
        "remote_id": None,
        "user_id": "u1",
        "learning_object_id": "c1",
        "learning_object_external_reference": "CRS-1",
        "status": {"value": "in_progress", "source_value": "3"},
        "progress": 40,
        "due_date": "2026-11-23T07:00:00-05:00",
        "created_at": "2026-11-23T12:00:00Z",
    }

    assert RemoteAssignment.from_json(assignment | odd) == RemoteAssignment(
        id="a1",
        remote_id=None,
        user_id="u1",
        learning_object_id="c1",
        learning_object_external_reference="CRS-1",
        status="in_progress",
        source_status="3",
        progress=40.0,
        due_at=NOON,
        assigned_at=NOON,
        updated_at=None,
        completed_at=None,
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param("Completed", ("completed", None), id="a bare word"),
        pytest.param(None, (None, None), id="nothing"),
        pytest.param(["x"], (None, None), id="a list"),
        pytest.param(
            {"value": "unmapped_value", "source_value": {"code": 7}},
            ("unmapped_value", '{"code": 7}'),
            id="an object as the source",
        ),
        pytest.param({"value": None, "source_value": True}, (None, "true"), id="a boolean source"),
        pytest.param({"value": "pending", "source_value": ""}, ("pending", None), id="no source"),
    ],
)
def test_enumerated_value_is_parsed(status, expected):
    assert as_enum(status) == expected


@pytest.mark.parametrize(
    ("convert", "value", "expected"),
    [
        (as_text, 7, "7"),
        (as_text, " kept ", " kept "),
        (as_text, "", None),
        (as_text, True, None),
        (as_text, "a\0b\ud800", "ab?"),
        (as_bool, 1, True),
        (as_bool, "0", False),
        (as_bool, "yes", None),
        (as_bool, None, None),
        (as_bool, False, False),
        (as_number, "40", 40.0),
        (as_number, "nan", None),
        (as_number, 10**400, None),
        (as_number, True, None),
        (as_number, "forty", None),
        (as_number, None, None),
        (as_datetime, "2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        (as_datetime, "0001-01-01T00:00:00+14:00", None),
        (as_datetime, "0001-01-01T00:00:00", None),
        (as_datetime, "9999-12-31T23:59:59.9999999Z", None),
        (as_datetime, "tomorrow", None),
        (as_id, "i" * 200, "i" * 200),
        (as_id, "i" * 201, None),
        (as_id, 10**200, None),
        (as_id, " \0", None),
        (as_datetime, 1_700_000_000, None),
        (as_object, None, {}),
        (as_object, {"a": [float("nan"), {"b\0": "\ud800"}]}, {"a": [None, {"b": "?"}]}),
        (as_enum_values, "en", ()),
        (as_enum_values, ["a", {"value": "unmapped_value", "source_value": "b"}], ("a", "b")),
    ],
)
def test_values_are_converted(convert, value, expected):
    assert convert(value) == expected


def test_nesting_of_an_object_is_limited():
    deep: dict[str, object] = {}
    for _ in range(500):
        deep = {"in": deep}

    assert str(as_object(deep)).count("in") == 20


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        pytest.param(
            {
                "id": "45",
                "provider": "docebo",
                "provider_name": "Docebo",
                "status": "Active",
                "categories": ["HRIS", "LMS"],
            },
            LinkedAccount("45", "docebo", "Docebo", "active", True),
            id="an LMS",
        ),
        pytest.param(
            {"id": 45, "categories": ["hris"]}, LinkedAccount("45", "", "", "", False), id="no LMS"
        ),
        pytest.param({"categories": None}, LinkedAccount("", "", "", "", None), id="not said"),
    ],
)
def test_account_is_parsed(account, expected):
    assert LinkedAccount.from_json(account) == expected


def new_assignment(**changes: object) -> NewAssignment:
    """Return an assignment that says everything, but for the changes."""
    values: dict[str, object] = {
        "learning_object_external_reference": "CRS-1",
        "learning_object_id": "c1",
        "due_at": datetime(2027, 1, 15, 18, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=-5))),
        "status": "in_progress",
        "progress": 40,
        "assigned_at": NOON,
    }
    return NewAssignment(**values | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("contract", "style", "since", "status"),
    [
        ("2025-12", "underscore", "assigned_at", "in_progress"),
        ("2025-02", "hyphen", "created_at", "in-progress"),
    ],
)
@pytest.mark.parametrize("value", ["in_progress", "in-progress"])
def test_new_assignment_as_json(contract, style, since, status, value):
    assert new_assignment(status=value).as_json(contract, style) == {
        "learning_object_external_reference": "CRS-1",
        "learning_object_id": "c1",
        "due_date": "2027-01-15T23:59:59.999Z",
        "status": {"value": status},
        "progress": 40,
        since: "2026-11-23T12:00:00.000Z",
    }


def test_new_assignment_omits_fields_without_a_value():
    new = new_assignment(
        learning_object_id="", due_at=None, progress=None, assigned_at=None, external_reference="X"
    )

    assert new.as_json("2025-12", "underscore") == {
        "learning_object_external_reference": "CRS-1",
        "status": {"value": "in_progress"},
        "external_reference": "X",
    }


def test_format_datetime_refuses_a_datetime_without_time_zone():
    with pytest.raises(ValueError, match="A datetime without a time zone cannot be sent"):
        format_datetime(NOON.replace(tzinfo=None))
