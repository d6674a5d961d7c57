"""Return lists in pages, with long cursors that differ in every response, like the API's."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from starlette.requests import Request

from assignments.stackone.sandbox.responses import ApiError

DEFAULT_PAGE_SIZE = 25
MAX_PAGE_SIZE = 100
BEFORE_FIRST = -(2**62)

type Filters = Mapping[str, str | None]
# Fetches up to `limit` rows after a position, each with its own position.
type Fetch = Callable[[Filters, int, int], Sequence[tuple[int, dict[str, object]]]]


class Position(NamedTuple):
    """A position in a list, and the filters that the listing started with."""

    after: int
    filters: Filters


def page_body(request: Request, resource: str, filters: Filters, fetch: Fetch) -> dict[str, object]:
    """Return the body of one page of a list, with the cursor of the next page."""
    size = _size(request)
    cursor = request.query_params.get("next")
    position = _decode(cursor, resource) if cursor else Position(BEFORE_FIRST, filters)
    rows = fetch(position.filters, position.after, size + 1)
    has_more = len(rows) > size
    next_cursor = (
        _encode(resource, Position(rows[size - 1][0], position.filters)) if has_more else None
    )
    return {"next": next_cursor, "data": [_selected_fields(request, row) for _, row in rows[:size]]}


def _selected_fields(request: Request, row: dict[str, object]) -> dict[str, object]:
    names = request.query_params.get("fields")
    if not names:
        return row
    selected = {name.strip() for name in names.split(",")}
    return {name: value for name, value in row.items() if name in selected}


def _size(request: Request) -> int:
    text = request.query_params.get("page_size") or str(DEFAULT_PAGE_SIZE)
    if not (text.isascii() and text.isdigit()) or int(text[:9]) < 1:
        raise ApiError(400, "page_size must be a whole number of at least 1")
    return min(int(text[:9]), MAX_PAGE_SIZE)


def _encode(resource: str, position: Position) -> str:
    content = {
        "v": 2,
        "provider": "northwind",
        "resource": resource,
        "pc": position.after,
        "filters": dict(position.filters),
        "ts": time.time_ns(),
    }
    content["sum"] = _checksum(content)
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def _decode(cursor: str, resource: str) -> Position:
    try:
        content = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        checksum = content.pop("sum")
        if checksum == _checksum(content) and content["resource"] == resource:
            return Position(content["pc"], content["filters"])
    except (ValueError, TypeError, AttributeError, KeyError):
        pass
    raise ApiError(400, "Invalid cursor in next")


def _checksum(content: Mapping[str, object]) -> str:
    return hashlib.sha512(json.dumps(content, sort_keys=True).encode()).hexdigest()
