"""Appending to the audit log: groups under one head lock against a transaction for each entry."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from bench.environment import ground
from bench.measurement import Finding, in_turns, median
from bench.sending import ROWS, sent


def compare(vendor: str, pairs: int) -> Iterator[Finding]:
    """Append both ways to one growing log, durably."""
    with ground(vendor=vendor, learners=10) as here:
        ours, others = in_turns(
            partial(here.child, "append", "4000", "200"),
            partial(here.child, "append", "400", "1"),
            pairs=pairs,
        )
    yield Finding(
        goal="14",
        what="entries appended in groups of 200 against one by one",
        ours=median(ours, "per_second"),
        other=median(others, "per_second"),
        unit="entries/s",
        wanted=5,
        detail={"ours": ours, "other": others},
    )


def cost(vendor: str, pairs: int) -> Iterator[Finding]:
    """Deliver with the log and without it: what appending takes of a run's throughput."""
    with ground(vendor=vendor, learners=ROWS, latency_ms=20) as here:

        def unlogged() -> dict[str, Any]:
            here.plan(ROWS)
            return here.child("deliver_unlogged", SENDER_CONCURRENCY="64")

        ours, others = in_turns(partial(sent, here), unlogged, pairs=pairs)
    yield Finding(
        goal="14",
        what="a run with its log against the same without, 20 ms",
        ours=median(ours, "per_second"),
        other=median(others, "per_second"),
        unit="calls/s",
        wanted=0.95,
        detail={"ours": ours, "other": others},
    )
