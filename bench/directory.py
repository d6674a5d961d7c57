"""Goals 9 and 10: search and select among 100,000 people, and how fast a sync imports them."""

import time
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any

from bench.environment import BenchEnvironment, bench_environment
from bench.measurement import Comparison, at_most, measure_interleaved, median

PEOPLE = 100_000
ITEMS = 10_000
# 200 pages of 100.
SYNCED_PEOPLE = 20_000
ROW_BY_ROW_PEOPLE = 2_000
PAGE_SIZE = 50
# Larger numbers take more digits, and more people have more values in their facets.
GROWTH_TOLERANCE = 1.1
WHOLE_REQUEST_MS = 60
# Filters that tens of thousands pass are counted row by row.
FACETS_MS = 100
SELECT_MS = 1_000


def search(vendor: str) -> Iterator[Comparison]:
    """Yield goal 9: queries, requests of searches, selecting everybody, and a first full sync."""
    began = time.perf_counter()
    with bench_environment(vendor=vendor, learners=PEOPLE, content=ITEMS) as environment:
        yield at_most(
            "10", "first sync of all, with start-up", time.perf_counter() - began, 60, "s"
        )
        queries = environment.run_child("query")
        yield Comparison(
            goal="9",
            description="query, three letters or more, against icontains (p95)",
            value=queries["indexed_p95"],
            baseline=queries["icontains_p95"],
            unit="ms",
            target=0.1,
            is_upper_bound=True,
            detail=queries,
        )
        requests = environment.run_child("search")
        for name in ("picker_cold", "picker_warm", "people_cold", "people_warm"):
            description = f"whole request, {name.replace('_', ', ')} (p95)"
            yield at_most(
                "9", description, requests[f"{name}_p95"], WHOLE_REQUEST_MS, "ms", requests
            )
        facets = environment.run_child("facets")
        for name in ("values", "days", "list", "filtered_list"):
            description = f"whole request, facets: {name.replace('_', ' ')} (p95)"
            yield at_most("9", description, facets[f"{name}_p95"], FACETS_MS, "ms", facets)
        selected = environment.run_child("select")
        assert selected["selected"] == PEOPLE, selected
        yield at_most("9", "select all of them", selected["ms"], SELECT_MS, "ms", selected)
        large = environment.run_child("page_cost")
    with bench_environment(vendor=vendor, learners=PAGE_SIZE) as environment:
        yield from _page_costs(large, environment.run_child("page_cost"))


def _page_costs(large: dict[str, float], small: dict[str, float]) -> Iterator[Comparison]:
    """Yield statements and bytes of the pages with many people and with one page of them."""
    for name, target in (("statements", 1), ("bytes", GROWTH_TOLERANCE)):
        for page in ("picker", "people"):
            yield Comparison(
                goal="9",
                description=f"{name} of the {page} page against {PAGE_SIZE} people",
                value=large[f"{page}_{name}"],
                baseline=small[f"{page}_{name}"],
                unit=name,
                target=target,
                is_upper_bound=True,
            )


def sync(vendor: str, pairs: int) -> Iterator[Comparison]:
    """Yield goal 10: a new and an unchanged sync against fetching alone and against row by row."""
    with bench_environment(vendor=vendor, learners=SYNCED_PEOPLE, latency_ms=20) as environment:
        names = (f"sandbox-bench-{number}" for number in count())
        fetched, new, unchanged = measure_interleaved(
            partial(environment.run_child, "fetch", "sandbox"),
            lambda: _measure_sync(environment, next(names)),
            partial(_measure_sync, environment, "sandbox"),
            pairs=pairs,
        )
        yield from _sync_comparisons(fetched, new, unchanged)
        environment.lms.set_limits(latency_ms=0)
        rows, results = measure_interleaved(
            lambda: environment.run_child("update_or_create", next(names), str(ROW_BY_ROW_PEOPLE)),
            lambda: _measure_sync(environment, next(names)),
            pairs=pairs,
        )
        yield _rates("10", "sync against update_or_create, 0 ms", results, rows, 10)


def _measure_sync(environment: BenchEnvironment, account: str) -> dict[str, Any]:
    return environment.run_child("sync", account, STACKONE_ACCOUNT_ID=account)


def _sync_comparisons(fetched: Any, new: Any, unchanged: Any) -> Iterator[Comparison]:
    assert all(run["written"] == run["rows"] for run in new), new
    assert all(run["written"] == 0 for run in unchanged), unchanged
    yield _rates("10", "first sync against fetching alone, 20 ms", new, fetched, 0.90)
    yield _rates("10", "unchanged sync against fetching alone, 20 ms", unchanged, fetched, 0.97)


def _rates(goal: str, description: str, results: Any, baseline: Any, target: float) -> Comparison:
    return Comparison(
        goal=goal,
        description=description,
        value=median(results, "per_second"),
        baseline=median(baseline, "per_second"),
        unit="people/s",
        target=target,
        detail={"results": results, "baseline": baseline},
    )
