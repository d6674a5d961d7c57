"""The JSON object that StackOne passes through to the LMS: parsed, within limits, kept secret."""

import json
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

MAX_BYTES: Final = 4_096
MAX_DEPTH: Final = 5
TOO_LONG: Final = f"Shorten the passthrough to {MAX_BYTES:,} bytes."
# With spaces between its parts, before it is parsed.
_MAX_CHARACTERS: Final = 4 * MAX_BYTES
# Shorter texts may be words of any message.
_MIN_SECRET: Final = 8
# What PostgreSQL or UTF-8 cannot hold, and control characters.
_UNSENDABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
# Larger whole numbers change where JSON is read as JavaScript does.
_MAX_INTEGER: Final = 2**53 - 1

type Pairs = list[tuple[str, object]]


class PassthroughRefused(Exception):
    """A text cannot be sent as passthrough; the message says why and what to do."""


def parse_passthrough(text: str) -> str:
    """Return the JSON object in the text as compact JSON, in the order of its names.

    An empty text and an empty object both stand for no passthrough, and give an empty text.

    :raises PassthroughRefused: if it is not a JSON object that is sent as it is typed
    """
    if not text.strip():
        return ""
    if len(text) > _MAX_CHARACTERS:
        raise PassthroughRefused(TOO_LONG)
    value = _load(text)
    if not isinstance(value, dict):
        raise PassthroughRefused('Write the passthrough as a JSON object, such as {"cohort": "A"}.')
    for part, depth in _parts(value):
        _check_part(part, depth)
    compact = to_compact_json(value)
    if len(compact.encode()) > MAX_BYTES:
        raise PassthroughRefused(TOO_LONG)
    return compact if value else ""


def to_compact_json(value: object) -> str:
    """Return the value as JSON without spaces, exactly as requests are sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


@lru_cache(maxsize=16)
def secret_texts(text: str) -> tuple[str, ...]:
    """Return the longer texts of a passthrough, which a response of the LMS may repeat."""
    try:
        parts = [part for part, _ in _parts(json.loads(text))]
    except ValueError:
        return ()
    return tuple(part for part in parts if isinstance(part, str) and len(part) >= _MIN_SECRET)


def _load(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise PassthroughRefused(f"The passthrough is not JSON: see {where}.") from error
    except (ValueError, RecursionError) as error:
        raise PassthroughRefused("The passthrough has too many digits or levels.") from error


def _unique(pairs: Pairs) -> dict[str, object]:
    names = [name for name, _ in pairs]
    if repeated := {name for name in names if names.count(name) > 1}:
        name = min(repeated)[:60]
        raise PassthroughRefused(f"The passthrough has “{name}” twice. Remove one of them.")
    return dict(pairs)


def _parts(value: object, depth: int = 1) -> Iterator[tuple[object, int]]:
    """Yield every name and value in a JSON value, with the number of levels around it."""
    yield value, depth
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        yield from ((name, depth) for name in value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _parts(part, depth + isinstance(part, dict | list))


def _check_part(part: object, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise PassthroughRefused(f"Use at most {MAX_DEPTH} levels in the passthrough.")
    if isinstance(part, str) and _UNSENDABLE.search(part):
        raise PassthroughRefused("Type the passthrough again: it has control characters.")
    if isinstance(part, int) and abs(part) > _MAX_INTEGER:
        raise PassthroughRefused("Write numbers of more than 15 digits in the passthrough as text.")
    if isinstance(part, float) and not math.isfinite(part):
        raise PassthroughRefused("The passthrough has a number that is too large.")
