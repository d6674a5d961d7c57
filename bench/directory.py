"""Goals 9 and 10: people found and picked among 100,000, and how fast they are brought in."""

import time
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any

from bench.environment import Ground, ground
from bench.measurement import Finding, at_most, in_turns, median

PEOPLE = 100_000
ITEMS = 10_000
# 200 pages of 100.
SOME = 20_000
FEW = 2_000
A_PAGE = 50
# Longer numbers, and values of facets that only many have.
HARDLY_MORE = 1.1
WHOLE_REQUEST_MS = 60
SELECT_MS = 1_000


def search(vendor: str) -> Iterator[Finding]:
    """Yield goal 9, the whole request of a search, picking all, and the first sync of them all."""
    began = time.perf_counter()
    with ground(vendor=vendor, learners=PEOPLE, content=ITEMS) as here:
        yield at_most(
            "10", "first sync of all, with start-up", time.perf_counter() - began, 60, "s"
        )
        queries = here.child("query")
        most = 0.1
        yield Finding(
            goal="9",
            what="query, three letters or more, against icontains (p95)",
            ours=queries["ours_p95"],
            other=queries["icontains_p95"],
            unit="ms",
            wanted=most,
            is_most=True,
            detail=queries,
        )
        asked = here.child("search")
        for name in ("picker_cold", "picker_warm", "people_cold", "people_warm"):
            what = f"whole request, {name.replace('_', ', ')} (p95)"
            yield at_most("9", what, asked[f"{name}_p95"], WHOLE_REQUEST_MS, "ms", asked)
        picked = here.child("select")
        assert picked["picked"] == PEOPLE, picked
        yield at_most("9", "select all of them", picked["ms"], SELECT_MS, "ms", picked)
        large = here.child("weigh")
    with ground(vendor=vendor, learners=A_PAGE) as here:
        yield from _weighed(large, here.child("weigh"))


def _weighed(large: dict[str, float], small: dict[str, float]) -> Iterator[Finding]:
    """Yield what the pages take of the database and the network against those of a page's worth."""
    for name, most in (("statements", 1), ("bytes", HARDLY_MORE)):
        for page in ("picker", "people"):
            yield Finding(
                goal="9",
                what=f"{name} of the {page} page against {A_PAGE} people",
                ours=large[f"{page}_{name}"],
                other=small[f"{page}_{name}"],
                unit=name,
                wanted=most,
                is_most=True,
            )


def sync(vendor: str, pairs: int) -> Iterator[Finding]:
    """Yield goal 10: a sync against fetching alone, new and unchanged, and row by row."""
    with ground(vendor=vendor, learners=SOME, latency_ms=20) as here:
        names = (f"sandbox-bench-{number}" for number in count())
        drained, new, same = in_turns(
            partial(here.child, "drain", "sandbox"),
            lambda: _synced(here, next(names)),
            partial(_synced, here, "sandbox"),
            pairs=pairs,
        )
        yield from _compared(drained, new, same)
        here.lms.set_limits(latency_ms=0)
        rows, ours = in_turns(
            lambda: here.child("update_or_create", next(names), str(FEW)),
            lambda: _synced(here, next(names)),
            pairs=pairs,
        )
        yield _rates("10", "sync against update_or_create, 0 ms", ours, rows, 10)


def _synced(here: Ground, account: str) -> dict[str, Any]:
    return here.child("sync", account, STACKONE_ACCOUNT_ID=account)


def _compared(drained: Any, new: Any, same: Any) -> Iterator[Finding]:
    assert all(found["written"] == found["rows"] for found in new), new
    assert all(found["written"] == 0 for found in same), same
    yield _rates("10", "first sync against fetching alone, 20 ms", new, drained, 0.90)
    yield _rates("10", "unchanged sync against fetching alone, 20 ms", same, drained, 0.97)


def _rates(goal: str, what: str, ours: Any, other: Any, wanted: float) -> Finding:
    return Finding(
        goal=goal,
        what=what,
        ours=median(ours, "per_second"),
        other=median(other, "per_second"),
        unit="people/s",
        wanted=wanted,
        detail={"ours": ours, "other": other},
    )
