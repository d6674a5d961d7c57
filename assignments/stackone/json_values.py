"""Convert single JSON values, in all the forms that providers use; no function here raises.

A value that cannot be converted becomes None or empty.
"""

import json
import math
from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any

# A JSON object; who reads a field of it checks which type the value has.
type JsonObject = dict[str, Any]

BOOLEAN_WORDS = {"true": True, "false": False, "1": True, "0": False}
# StackOne's value for an enumerated value that it could not map; the provider's own is beside it.
UNMAPPED = "unmapped_value"
MAX_DEPTH = 20
# A longer id cannot be stored, and a part of it may be another's.
MAX_ID_CHARACTERS = 200


def strip_unstorable(value: str) -> str:
    """Return the text without NUL and lone surrogates, which PostgreSQL cannot store."""
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def as_text(value: object) -> str | None:
    """Return text or a number as text; empty text is None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return strip_unstorable(str(value)) or None


def as_id(value: object) -> str | None:
    """Return an id as text; one that is blank or too long is None."""
    text = as_text(value) or ""
    return text if text.strip() and len(text) <= MAX_ID_CHARACTERS else None


def as_bool(value: object) -> bool | None:
    """Return a boolean, or the one that a word such as "true" stands for."""
    if isinstance(value, bool):
        return value
    return BOOLEAN_WORDS.get((as_text(value) or "").strip().lower())


def as_number(value: object) -> float | None:
    """Return a finite number, or the one that a text contains."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_datetime(value: object) -> datetime | None:
    """Return an ISO 8601 date or date-time in UTC; without an offset it counts as UTC.

    The first and the last year stand for "none" in many programs; Python cannot express all of
    their times in other time zones.
    """
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip().upper())
        moment = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if MINYEAR < moment.year < MAXYEAR else None


def as_enum(value: object) -> tuple[str | None, str | None]:
    """Return an enumerated value as StackOne's unified value and the provider's own."""
    if not isinstance(value, Mapping):
        return _unified(value), None
    return _unified(value.get("value")), _source_value(value.get("source_value"))


def as_enum_value(value: object) -> str | None:
    """Return an enumerated value as one word: the unified value, or else the provider's own."""
    unified, source = as_enum(value)
    return unified if unified and unified != UNMAPPED else source or unified


def as_enum_values(value: object) -> tuple[str, ...]:
    """Return a list of enumerated values, such as languages, each spelled as received."""
    entries = value if isinstance(value, list) else []
    return tuple(word for entry in entries if (word := _enum_as_received(entry)))


def as_object(value: object) -> dict[str, object]:
    """Return a JSON object without what no database stores; anything else becomes {}."""
    storable = _storable(value, MAX_DEPTH)
    return storable if isinstance(storable, dict) else {}


def _unified(value: object) -> str | None:
    text = as_text(value)
    return text and text.strip().lower().replace("-", "_")


def _enum_as_received(entry: object) -> str | None:
    if not isinstance(entry, Mapping):
        return as_text(entry)
    unified = as_text(entry.get("value"))
    return unified if unified and unified != UNMAPPED else as_text(entry.get("source_value"))


def _source_value(value: object) -> str | None:
    if isinstance(value, Mapping | list | bool):
        return json.dumps(_storable(value, MAX_DEPTH), ensure_ascii=False)
    return as_text(value)


def _storable(value: object, depth: int) -> object:
    if isinstance(value, Mapping | list) and depth == 0:
        return None
    if isinstance(value, Mapping):
        return {
            strip_unstorable(str(key)): _storable(entry, depth - 1) for key, entry in value.items()
        }
    if isinstance(value, list):
        return [_storable(entry, depth - 1) for entry in value]
    return _storable_scalar(value)


def _storable_scalar(value: object) -> object:
    if isinstance(value, float):
        return as_number(value)
    return strip_unstorable(value) if isinstance(value, str) else value
