"""Reading single JSON values in all the forms that providers give them; none of this raises."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime

TRUE_AND_FALSE = {"true": True, "false": False, "1": True, "0": False}
UNMAPPED = "unmapped_value"
DEEPEST = 20


def clean(value: str) -> str:
    """Return the text without what no database stores: NUL characters and half surrogates."""
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def text(value: object) -> str | None:
    """Read text; numbers become text, and empty text is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return clean(str(value)) or None


def flag(value: object) -> bool | None:
    """Read a boolean or the word for one."""
    if isinstance(value, bool):
        return value
    return TRUE_AND_FALSE.get((text(value) or "").strip().lower())


def number(value: object) -> float | None:
    """Read a finite number or the text of one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def moment(value: object) -> datetime | None:
    """Read an ISO 8601 date or date-time; one without an offset counts as UTC."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip().upper())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def choice(value: object) -> tuple[str | None, str | None]:
    """Read an enumerated value as StackOne's word and the provider's own."""
    if not isinstance(value, Mapping):
        return _word(value), None
    return _word(value.get("value")), _source(value.get("source_value"))


def word(value: object) -> str | None:
    """Read an enumerated value as one word: StackOne's, or else the provider's own."""
    unified, source = choice(value)
    return unified if unified and unified != UNMAPPED else source or unified


def words(value: object) -> tuple[str, ...]:
    """Read a list of enumerated values, such as languages, each as the word was written."""
    entries = value if isinstance(value, list) else []
    return tuple(found for entry in entries if (found := _written(entry)))


def mapping(value: object) -> dict[str, object]:
    """Read an object, cleaned of what no database stores; anything else is an empty one."""
    found = _storable(value, DEEPEST)
    return found if isinstance(found, dict) else {}


def _word(value: object) -> str | None:
    found = text(value)
    return found and found.strip().lower().replace("-", "_")


def _written(entry: object) -> str | None:
    if not isinstance(entry, Mapping):
        return text(entry)
    unified = text(entry.get("value"))
    return unified if unified and unified != UNMAPPED else text(entry.get("source_value"))


def _source(value: object) -> str | None:
    if isinstance(value, Mapping | list | bool):
        return json.dumps(_storable(value, DEEPEST), ensure_ascii=False)
    return text(value)


def _storable(value: object, depth: int) -> object:
    if isinstance(value, Mapping | list) and depth == 0:
        return None
    if isinstance(value, Mapping):
        return {clean(str(key)): _storable(entry, depth - 1) for key, entry in value.items()}
    if isinstance(value, list):
        return [_storable(entry, depth - 1) for entry in value]
    return _storable_scalar(value)


def _storable_scalar(value: object) -> object:
    if isinstance(value, float):
        return number(value)
    return clean(value) if isinstance(value, str) else value
