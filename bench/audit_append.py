"""Goal 14: append audit entries in groups against a transaction for each entry."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from bench.environment import bench_environment
from bench.measurement import Comparison, measure_interleaved, median
from bench.sending import ROWS, measure_sending


def compare(vendor: str, pairs: int) -> Iterator[Comparison]:
    """Yield the speed of appending in groups of 200 against one by one, to the same log."""
    with bench_environment(vendor=vendor, learners=10) as environment:
        results, baselines = measure_interleaved(
            partial(environment.run_child, "append", "4000", "200"),
            partial(environment.run_child, "append", "400", "1"),
            pairs=pairs,
        )
    yield Comparison(
        goal="14",
        description="entries appended in groups of 200 against one by one",
        value=median(results, "per_second"),
        baseline=median(baselines, "per_second"),
        unit="entries/s",
        target=5,
        detail={"results": results, "baseline": baselines},
    )


def cost(vendor: str, pairs: int) -> Iterator[Comparison]:
    """Yield the speed of sending with audit entries against sending without."""
    with bench_environment(vendor=vendor, learners=ROWS, latency_ms=20) as environment:

        def unlogged() -> dict[str, Any]:
            environment.create_batch(ROWS)
            return environment.run_child("deliver_unlogged", SENDER_CONCURRENCY="64")

        results, baselines = measure_interleaved(
            partial(measure_sending, environment), unlogged, pairs=pairs
        )
    yield Comparison(
        goal="14",
        description="a run with its log against the same without, 20 ms",
        value=median(results, "per_second"),
        baseline=median(baselines, "per_second"),
        unit="calls/s",
        target=0.95,
        detail={"results": results, "baseline": baselines},
    )
