"""Part of `bench.child` about facets: the picker filtered by several values; lists of values."""

from functools import partial
from typing import Any, Final

from bench.directory_child import HTMX, manager, spread, timed

ROUNDS: Final = 20
FIRST_DAY: Final = "2010-01-01"


def facets() -> dict[str, float]:
    """Request the picker with facets, and the values of a facet with and without other filters."""
    client, draft = manager()
    departments, locations = _values("department"), _values("location")
    chosen = {"f.department": departments[:8], "f.location": locations[:2]}
    requests: dict[str, dict[str, Any]] = {
        "values": chosen,
        "days": {"from.hire_date": FIRST_DAY},
        "list": {"open": "department"},
        "filtered_list": chosen | {"open": "department"},
    }
    measures: dict[str, float] = {}
    for name, query in requests.items():
        request = partial(client.get, f"/assign/{draft.pk}/", query, headers=HTMX)
        request()
        times = [timed(request) for _ in range(ROUNDS)]
        measures |= {f"{name}_{key}": value for key, value in spread(times).items()}
    return measures


def _values(path: str) -> list[str]:
    from assignments.models import FacetValue

    values = FacetValue.objects.filter(facet__path=path).order_by("value")
    return list(values.values_list("value", flat=True))
