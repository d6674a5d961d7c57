"""Canonical JSON (RFC 8785), the exact text of an entry that is hashed, and its format version."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import rfc8785

from assignments.audit.entries.search_text import search_text

# The body of an entry: JSON, in whose values only their reader knows which type to expect.
type Entry = Mapping[str, Any]

# The format of an entry's body, which is part of the hashed text as `v`. It fixes the fields, the
# commitments and the index columns: whoever changes one of these adds a version and keeps reading
# the older ones, or every log written before no longer verifies.
VERSION: Final = 1

# What reading a body that this product did not write can raise.
UNREADABLE: Final = (ValueError, LookupError, TypeError, AttributeError, RecursionError)

# The columns that are computed from the body, in the order of `indexes_of`.
INDEXES: Final = (
    "seq",
    "actor",
    "action",
    "cause",
    "account",
    "batch",
    "subject",
    "person",
    "result",
    "request_id",
    "search_text",
)
_MAX_INTEGER: Final = 2**53 - 1
_PLAIN_TYPES: Final = frozenset({str, int, bool, type(None)})
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER

# RFC 8785 orders keys by UTF-16 units, orjson by code points: they differ from U+D800 on, where
# there are also surrogates, which UTF-8 cannot encode.
_HIGH_CHARACTERS: Final = re.compile("[\ud800-\U0010ffff]")


def canonical(value: Mapping[str, object]) -> bytes:
    """Return the value as canonical JSON.

    Values that canonical JSON cannot represent (numbers beyond 2^53, NaN, unpaired surrogates) are
    written as text: an odd response of an LMS must not keep its own entry out of the log.

    :raises ValueError: for types that JSON does not have
    """
    if _is_plain(value):
        # Ten times faster than rfc8785, and the same bytes for plain values.
        with suppress(orjson.JSONEncodeError):
            body = orjson.dumps(value, option=_OPTIONS)
            if body.isascii() or not _HIGH_CHARACTERS.search(body.decode()):
                return body
    return rfc8785.dumps(_representable(value))  # type: ignore[arg-type]  # it refuses other types


def indexes_of(entry: Entry) -> tuple[object, ...]:
    """Return the values of an entry's index columns, computed from its body.

    :raises ValueError: if the body has a format version that is not known
    """
    require_known_version(entry)
    return (
        entry["seq"],
        entry["actor"]["ref"],
        entry["action"],
        entry["cause"],
        entry["account"],
        entry["batch"],
        entry["subject"],
        entry["people"][0]["ref"] if entry["people"] else "",
        entry["result"],
        entry["request_id"],
        search_text(entry["detail"]),
    )


def require_known_version(entry: Entry) -> None:
    """Check that this code can read the entry.

    :raises ValueError: if its body has a format version that is not known
    """
    if entry["v"] != VERSION:
        raise ValueError(f"An entry of format version {entry['v']} cannot be read")


def timestamp(at: datetime) -> str:
    """Return the time in UTC with microseconds, as in 2026-11-23T10:43:00.123456Z."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _is_plain(value: object) -> bool:
    parts = [value]
    for part in parts:
        kind = type(part)
        if kind is dict:
            parts += part.values()  # type: ignore[attr-defined]
        elif kind is list:
            parts += part  # type: ignore[arg-type]
        elif kind not in _PLAIN_TYPES:
            return False
    return True


def _representable(value: object) -> object:
    if isinstance(value, Mapping):
        return {_representable(str(key)): _representable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_representable(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    is_too_large = isinstance(value, int | float) and not -_MAX_INTEGER <= value <= _MAX_INTEGER
    return str(value) if is_too_large else value
