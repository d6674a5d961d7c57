"""Goals 1 to 5: speed, CPU time, memory and evenness of sending rows."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench import celery_tasks, sdk
from bench.environment import BenchEnvironment, bench_environment
from bench.measurement import Comparison, measure_interleaved, median

# Five seconds of sending, in which the canary rows and the start of the call process, a tenth of a
# second, do not matter.
ROWS = 12_000
# Six seconds of sending with 64 and with 256 calls of 200 ms in flight.
SHORT_RUN = 2_000
LONG_RUN = 7_000
SLOW_CLIENT_CALLS = 300


def speed(vendor: str, pairs: int) -> Iterator[Comparison]:
    """Yield goals 1 and 3: against alternative clients, at 20 ms latency and 64 calls in flight."""
    with bench_environment(vendor=vendor, learners=ROWS, latency_ms=20) as environment:
        url = environment.lms.base_url
        alternatives: dict[str, Callable[[], dict[str, Any]]] = {
            "one shared httpx client": partial(
                environment.run_child,
                str(SLOW_CLIENT_CALLS),
                "64",
                url,
                script="bench.client_child",
            ),
        }
        if sdk.is_available():
            alternatives["the vendor's SDK"] = partial(sdk.run, url, SLOW_CLIENT_CALLS)
        if celery_tasks.is_available():
            alternatives["a Celery task per call"] = partial(
                celery_tasks.run, url, SLOW_CLIENT_CALLS
            )
        results, *baselines = measure_interleaved(
            partial(measure_sending, environment), *alternatives.values(), pairs=pairs
        )
        yield from _client_comparisons(results, dict(zip(alternatives, baselines, strict=True)))


def _client_comparisons(results: Any, baselines: dict[str, Any]) -> Iterator[Comparison]:
    """Yield the rates and the CPU times against each alternative."""
    targets = {
        "one shared httpx client": (8, 1),
        "the vendor's SDK": (3, 0.25),
        "a Celery task per call": (10, 0.1),
    }
    for name, baseline in baselines.items():
        detail: dict[str, object] = {"results": results, "baseline": baseline}
        speed_target, cpu_target = targets[name]
        rates = (median(results, "per_second"), median(baseline, "per_second"))
        yield _comparison(
            "1", f"durable calls/s against {name}", rates, "calls/s", speed_target, detail
        )
        costs = (median(results, "cpu_us"), median(baseline, "cpu_us"))
        yield _comparison(
            "3", f"CPU a call against {name}", costs, "us", cpu_target, detail, is_upper_bound=True
        )
    theoretical = 64 / 0.020
    rate = median(results, "per_second")
    yield _comparison(
        "1", "of what 64 slots of 20 ms allow", (rate, theoretical), "calls/s", 0.85, {}
    )
    yield _comparison(
        "3", "CPU a call", (median(results, "cpu_us"), 350), "us", 1, {}, is_upper_bound=True
    )


def durability(vendor: str, pairs: int) -> Iterator[Comparison]:
    """Yield goal 2: the same calls with and without database and log."""
    for latency, target in ((20, 0.95), (0, 0.85)):
        with bench_environment(vendor=vendor, learners=ROWS, latency_ms=latency) as environment:
            bare = partial(
                environment.run_child, "unrecorded", str(ROWS), "64", environment.lms.base_url
            )
            results, baselines = measure_interleaved(
                partial(measure_sending, environment), bare, pairs=pairs
            )
        rates = (median(results, "per_second"), median(baselines, "per_second"))
        description = f"durable and logged against nothing stored, {latency} ms"
        yield _comparison(
            "2", description, rates, "calls/s", target, {"results": results, "baseline": baselines}
        )


def memory(vendor: str, rows: tuple[int, int]) -> Iterator[Comparison]:
    """Yield goal 4: the peak memory of a sender, and whether it grows with the number of rows."""
    peaks = []
    for count in rows:
        items = max(1, count // 10_000)
        with bench_environment(vendor=vendor, learners=min(count, 10_000)) as environment:
            environment.create_batch(count, items=items)
            measured = environment.deliver()
            peaks.append(measured["peak_mb"])
            assert environment.lms.stats()["assignments"] == count
    description = f"peak memory, {rows[1]:,} rows against {rows[0]:,}"
    yield _comparison("4", description, (peaks[1], peaks[0]), "MB", 1.2, {}, is_upper_bound=True)
    yield _comparison(
        "4", f"peak memory, {rows[0]:,} rows", (peaks[0], 80), "MB", 1, {}, is_upper_bound=True
    )


def evenness(vendor: str, pairs: int) -> Iterator[Comparison]:
    """Yield goal 5: 256 slots against 64, and that each slot opens one connection."""
    with bench_environment(vendor=vendor, learners=LONG_RUN, latency_ms=200) as environment:
        many, few = measure_interleaved(
            partial(measure_sending, environment, slots=256, rows=LONG_RUN),
            partial(measure_sending, environment, slots=64, rows=SHORT_RUN),
            pairs=pairs,
        )
        environment.lms.reset()
        measure_sending(environment, slots=256, rows=SHORT_RUN)
        connections = int(environment.lms.stats()["connections"])
    rates = (median(many, "per_second"), median(few, "per_second"))
    yield _comparison("5", "256 slots against 64, 200 ms", rates, "calls/s", 3.5, {"ours": many})
    description = "connections opened for 256 slots"
    yield _comparison(
        "5", description, (connections, 257), "connections", 1, {}, is_upper_bound=True
    )


def measure_sending(
    environment: BenchEnvironment, slots: int = 64, rows: int = ROWS
) -> dict[str, Any]:
    """Create a batch and measure how it is sent."""
    environment.create_batch(rows)
    measured = environment.deliver(SENDER_CONCURRENCY=str(slots))
    if measured["calls"] != rows:
        raise RuntimeError(f"{measured['calls']} of {rows} rows were created.")
    return measured


def _comparison(
    goal: str,
    description: str,
    pair: tuple[float, float],
    unit: str,
    target: float,
    detail: dict[str, object],
    *,
    is_upper_bound: bool = False,
) -> Comparison:
    return Comparison(
        goal=goal,
        description=description,
        value=pair[0],
        baseline=pair[1],
        unit=unit,
        target=target,
        is_upper_bound=is_upper_bound,
        detail=detail,
    )
