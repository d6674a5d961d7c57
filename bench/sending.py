"""Goals 1 to 5: how fast, how dearly and how evenly rows are sent."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench import celery_tasks, sdk
from bench.environment import Ground, ground
from bench.measurement import Finding, in_turns, median

# Five seconds: the canary and the process of calls, which take a tenth of one, are no tax.
ROWS = 12_000
# Six seconds of 64 and of 256 calls at once that take 200 ms each.
SHORT_RUN = 2_000
LONG_RUN = 7_000
FEW = 300


def speed(vendor: str, pairs: int) -> Iterator[Finding]:
    """Yield goals 1 and 3: against what users would take instead, at 20 ms and 64 at once."""
    with ground(vendor=vendor, learners=ROWS, latency_ms=20) as here:
        url = here.lms.base_url
        rivals: dict[str, Callable[[], dict[str, Any]]] = {
            "one shared httpx client": partial(here.child, "httpx", str(FEW), "64", url),
            "bare aiohttp": partial(here.child, "aiohttp", str(ROWS), "64", url),
        }
        if sdk.is_here():
            rivals["the vendor's SDK"] = partial(sdk.run, url, FEW)
        if celery_tasks.is_here():
            rivals["a Celery task for each"] = partial(celery_tasks.run, url, FEW)
        ours, *others = in_turns(partial(sent, here), *rivals.values(), pairs=pairs)
        yield from compared(ours, dict(zip(rivals, others, strict=True)))


def compared(ours: Any, others: dict[str, Any]) -> Iterator[Finding]:
    """Yield the rates and the CPU times as ratios."""
    wanted = {
        "one shared httpx client": (8, 1),
        "the vendor's SDK": (3, 0.25),
        "a Celery task for each": (10, 0.1),
        # Keeps nothing: what a record costs, not what users would take instead.
        "bare aiohttp": (0, 10),
    }
    for name, other in others.items():
        detail: dict[str, object] = {"ours": ours, "other": other}
        faster, dearer = wanted[name]
        rates = (median(ours, "per_second"), median(other, "per_second"))
        yield _finding("1", f"durable calls/s against {name}", rates, "calls/s", faster, detail)
        costs = (median(ours, "cpu_us"), median(other, "cpu_us"))
        yield _finding("3", f"CPU a call against {name}", costs, "us", dearer, detail, most=True)
    possible = 64 / 0.020
    rate = median(ours, "per_second")
    yield _finding("1", "of what 64 calls of 20 ms can do", (rate, possible), "calls/s", 0.85, {})
    yield _finding("3", "CPU a call", (median(ours, "cpu_us"), 350), "us", 1, {}, most=True)


def durability(vendor: str, pairs: int) -> Iterator[Finding]:
    """Yield goal 2: the same calls with and without rows, log and disk."""
    for latency, wanted in ((20, 0.95), (0, 0.85)):
        with ground(vendor=vendor, learners=ROWS, latency_ms=latency) as here:
            bare = partial(here.child, "unrecorded", str(ROWS), "64", here.lms.base_url)
            ours, others = in_turns(partial(sent, here), bare, pairs=pairs)
        rates = (median(ours, "per_second"), median(others, "per_second"))
        what = f"durable and logged against nothing kept, {latency} ms"
        yield _finding("2", what, rates, "calls/s", wanted, {"ours": ours, "other": others})


def memory(vendor: str, rows: tuple[int, int]) -> Iterator[Finding]:
    """Yield goal 4: the most memory that a sender takes, and whether it grows with the rows."""
    peaks = []
    for count in rows:
        items = max(1, count // 10_000)
        with ground(vendor=vendor, learners=min(count, 10_000)) as here:
            here.plan(count, items=items)
            found = here.deliver()
            peaks.append(found["peak_mb"])
            assert here.lms.stats()["assignments"] == count
    what = f"most memory, {rows[1]:,} rows against {rows[0]:,}"
    yield _finding("4", what, (peaks[1], peaks[0]), "MB", 1.2, {}, most=True)
    yield _finding("4", f"most memory, {rows[0]:,} rows", (peaks[0], 80), "MB", 1, {}, most=True)


def evenness(vendor: str, pairs: int) -> Iterator[Finding]:
    """Yield goal 5: four times the slots make nearly four times the calls, one connection each."""
    with ground(vendor=vendor, learners=LONG_RUN, latency_ms=200) as here:
        many, few = in_turns(
            partial(sent, here, slots=256, rows=LONG_RUN),
            partial(sent, here, slots=64, rows=SHORT_RUN),
            pairs=pairs,
        )
        here.lms.reset()
        sent(here, slots=256, rows=SHORT_RUN)
        connections = int(here.lms.stats()["connections"])
    rates = (median(many, "per_second"), median(few, "per_second"))
    yield _finding("5", "256 slots against 64, 200 ms", rates, "calls/s", 3.5, {"ours": many})
    what = "connections opened for 256 slots"
    yield _finding("5", what, (connections, 257), "connections", 1, {}, most=True)


def sent(here: Ground, slots: int = 64, rows: int = ROWS) -> dict[str, Any]:
    """Plan a batch and measure how it is sent."""
    here.plan(rows)
    found = here.deliver(SENDER_CONCURRENCY=str(slots))
    if found["calls"] != rows:
        raise RuntimeError(f"{found['calls']} of {rows} rows were created.")
    return found


def _finding(
    goal: str,
    what: str,
    pair: tuple[float, float],
    unit: str,
    wanted: float,
    detail: dict[str, object],
    *,
    most: bool = False,
) -> Finding:
    return Finding(
        goal=goal,
        what=what,
        ours=pair[0],
        other=pair[1],
        unit=unit,
        wanted=wanted,
        is_most=most,
        detail=detail,
    )
