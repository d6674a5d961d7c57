"""Lists in pages, with cursors that are long and never twice the same."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from starlette.requests import Request

from assignments.stackone.sandbox.answers import Refusal

DEFAULT_SIZE = 25
LARGEST_SIZE = 100
BEFORE_EVERYTHING = -(2**62)

type Filters = Mapping[str, str | None]
# Fetches up to `limit` rows after a position, each with its own position.
type Fetch = Callable[[Filters, int, int], Sequence[tuple[int, dict[str, Any]]]]


class Place(NamedTuple):
    """Where a walk through a list stands."""

    after: int
    filters: Filters


def page(request: Request, resource: str, filters: Filters, fetch: Fetch) -> dict[str, Any]:
    """Return one page of a list and the cursor of the next."""
    size = _size(request)
    cursor = request.query_params.get("next")
    place = _read(cursor, resource) if cursor else Place(BEFORE_EVERYTHING, filters)
    rows = fetch(place.filters, place.after, size + 1)
    more = len(rows) > size
    following = _write(resource, Place(rows[size - 1][0], place.filters)) if more else None
    return {"next": following, "data": [_chosen(request, row) for _, row in rows[:size]]}


def _chosen(request: Request, row: dict[str, Any]) -> dict[str, Any]:
    names = request.query_params.get("fields")
    if not names:
        return row
    wanted = {name.strip() for name in names.split(",")}
    return {name: value for name, value in row.items() if name in wanted}


def _size(request: Request) -> int:
    text = request.query_params.get("page_size") or str(DEFAULT_SIZE)
    if not (text.isascii() and text.isdigit()) or int(text[:9]) < 1:
        raise Refusal(400, "page_size must be a whole number of at least 1")
    return min(int(text[:9]), LARGEST_SIZE)


def _write(resource: str, place: Place) -> str:
    content = {
        "v": 2,
        "provider": "northwind",
        "resource": resource,
        "pc": place.after,
        "filters": dict(place.filters),
        "ts": time.time_ns(),
    }
    content["sum"] = _checksum(content)
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def _read(cursor: str, resource: str) -> Place:
    try:
        content = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        checksum = content.pop("sum")
        if checksum == _checksum(content) and content["resource"] == resource:
            return Place(content["pc"], content["filters"])
    except (ValueError, TypeError, AttributeError, KeyError):
        pass
    raise Refusal(400, "Invalid cursor in next")


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha512(json.dumps(content, sort_keys=True).encode()).hexdigest()
