"""Reading single values of replies leniently: anything may be missing, null or of an odd form."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime


def text(value: object) -> str | None:
    """Return a string or number as text without blanks around it, anything else as None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def number(value: object) -> float | None:
    """Return a number, or a string that is one, as a finite float."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def flag(value: object) -> bool | None:
    """Return a boolean, or one of the words "true" and "false", as a boolean."""
    if isinstance(value, bool):
        return value
    words = {"true": True, "false": False}
    return words.get(value.strip().lower()) if isinstance(value, str) else None


def moment(value: object) -> datetime | None:
    """Return a date-time in UTC; one without an offset counts as UTC."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def mapping(value: object) -> dict[str, object]:
    """Return an object as a dict, anything else as an empty one."""
    return dict(value) if isinstance(value, Mapping) else {}


def items(value: object) -> list[object]:
    """Return an array as a list, anything else as an empty one."""
    return list(value) if isinstance(value, list | tuple) else []


def choice(value: object) -> tuple[str | None, str | None]:
    """Return the unified and the provider's word of an enum object, or of a bare string.

    The middle status is spelt `in-progress` in one version of the contract and `in_progress` in
    later ones; both are read as the latter.
    """
    if isinstance(value, str):
        word, source = text(value), None
    else:
        fields = mapping(value)
        word, source = text(fields.get("value")), text(fields.get("source_value"))
    return (word.replace("-", "_") if word else None), source
