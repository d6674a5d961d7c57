"""Parse and validate the body of a create; every error names its field."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

from assignments.stackone.sandbox.filters import STATUSES
from assignments.stackone.sandbox.responses import ApiError
from assignments.stackone.sandbox.timestamps import normalise_timestamp


@dataclass(frozen=True, slots=True)
class NewAssignment:
    """The fields of a create request."""

    reference: str
    object_id: str | None
    external_reference: str | None
    progress: float | None
    due_date: str | None
    assigned_at: str | None
    status: str | None
    source_status: str | None


def parse(body: bytes, *, lenient: bool) -> NewAssignment:
    """Parse and validate a body.

    :param lenient: accept the hyphen of `in-progress`, as some providers do

    :raises Refusal: names the first invalid field
    """
    fields = _object(body)
    _optional(fields, "passthrough", _mapping)
    status = _optional(fields, "status", _mapping) or {}
    if lenient and status.get("value") == "in-progress":
        status["value"] = "in_progress"
    source = status.get("source_value")
    created_at = _optional(fields, "created_at", _timestamp)
    return NewAssignment(
        reference=_reference(fields),
        object_id=_optional(fields, "learning_object_id", _text),
        external_reference=_optional(fields, "external_reference", _text),
        progress=_optional(fields, "progress", _number),
        due_date=_optional(fields, "due_date", _timestamp),
        assigned_at=_optional(fields, "assigned_at", _timestamp) or created_at,
        status=_optional(status, "value", _status, "status.value"),
        source_status=None if source is None else json.dumps(source),
    )


def _object(body: bytes) -> dict[str, object]:
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise _invalid("the body must be JSON") from error
    if not isinstance(fields, dict):
        raise _invalid("the body must be an object")
    return fields


def _reference(fields: dict[str, object]) -> str:
    name = "learning_object_external_reference"
    reference = _optional(fields, name, _text)
    if not reference:
        raise _invalid(f"{name} should not be empty")
    return reference


def _optional[T](
    fields: dict[str, object], name: str, parse: Callable[[object], T], shown_name: str = ""
) -> T | None:
    value = fields.get(name)
    try:
        return None if value is None else parse(value)
    except (TypeError, ValueError) as error:
        raise _invalid(f"{shown_name or name} must be {error}") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a string")
    return value


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("an object")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a number")
    return value


def _timestamp(value: object) -> str:
    try:
        return normalise_timestamp(_text(value))
    except (TypeError, ValueError) as error:
        raise ValueError("an RFC 3339 date-time with an offset") from error


def _status(value: object) -> str:
    if value not in STATUSES:
        raise ValueError(f"one of {', '.join(STATUSES)}")
    return str(value)


def _invalid(problem: str) -> ApiError:
    return ApiError(400, f"Bad Request: {problem}", provider=problem)
