"""Goals 6 to 8: how much of a rate limit is used, and how a change of it is followed."""

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from bench.environment import BenchEnvironment, bench_environment
from bench.measurement import Comparison

LATENCY_MS = 20
# The first seconds are for the canary rows and for adapting to the limit.
WARM_UP_SECONDS = 3


def one_process(vendor: str, seconds: int) -> Iterator[Comparison]:
    """Yield goal 6: one sender at configured limits, and at a lower one that it must discover."""
    for configured, limit, target in ((100, 100, 0.99), (500, 500, 0.99), (500, 100, 0.98)):
        description = f"of {limit} calls/s used, {configured} configured"
        with bench_environment(
            vendor=vendor, learners=configured * (seconds + 3), latency_ms=LATENCY_MS
        ) as environment:
            counts_by_second = paced(
                environment, configured=configured, limit=limit, seconds=seconds
            )
        yield from _limit_use("6", description, counts_by_second[WARM_UP_SECONDS:-1], limit, target)


def cut_in_half(vendor: str, seconds: int) -> Iterator[Comparison]:
    """Yield goal 8: the limit is halved to 50 midway, with and without rate-limit headers."""
    for headers in (True, False):
        with bench_environment(
            vendor=vendor, learners=120 * seconds, latency_ms=LATENCY_MS
        ) as environment:
            timer = threading.Timer(seconds / 2, environment.lms.set_limits, kwargs=_limit(50))
            timer.start()
            counts_by_second = paced(
                environment, configured=100, limit=100, seconds=seconds, headers=headers
            )
        how = "with headers" if headers else "without headers"
        # Leaves out the seconds of the one backoff that the API asks for.
        after = counts_by_second[-(seconds // 2 - 4) : -1]
        yield from _limit_use("8", f"of a limit cut to 50/s used, {how}", after, 50, 0.95)


def two_processes(vendor: str, seconds: int) -> Iterator[Comparison]:
    """Yield goal 7: two accounts behind one key, each with a worker; one is killed midway."""
    limit = 100
    accounts = ("sandbox", "sandbox-2")
    with bench_environment(
        vendor=vendor,
        learners=limit * seconds,
        latency_ms=LATENCY_MS,
        accounts=",".join(accounts),
    ) as environment:
        for name in accounts:
            environment.create_batch(limit * seconds, account=name)
        environment.lms.reset()
        environment.lms.set_limits(**_limit(limit))
        rate = {"STACKONE_REQUESTS_PER_MINUTE": str(limit * 60)}
        first, second = ({**rate, "STACKONE_ACCOUNT_ID": name} for name in accounts)
        with (
            environment.start_child("deliver", str(seconds), **first) as killed,
            environment.start_child("deliver", str(seconds), **second) as other,
        ):
            _wait_for_calls(environment)
            time.sleep(seconds / 2)
            killed.kill()
            at = len(_seconds(environment))
            other.wait()
        counts_by_second = _seconds(environment)
    together, alone = counts_by_second[WARM_UP_SECONDS : at - 1], counts_by_second[at + 2 : -1]
    yield from _limit_use("7", "of 100 calls/s used by two workers", together, limit, 0.985)
    yield from _limit_use("7", "of it by one from 2 s after a kill", alone, limit, 0.98)


def paced(
    environment: BenchEnvironment,
    *,
    configured: int,
    limit: int,
    seconds: int,
    headers: bool = False,
) -> list[list[int]]:
    """Send for `seconds`; return how many calls were accepted and refused in each second."""
    environment.create_batch(configured * (seconds + 2))
    environment.lms.reset()
    environment.lms.set_limits(**_limit(limit), rate_headers=headers)
    environment.run_child(
        "deliver", str(seconds), STACKONE_REQUESTS_PER_MINUTE=str(configured * 60)
    )
    return _seconds(environment)


def _limit(per_second: int) -> dict[str, int]:
    return {"requests_per_minute": per_second * 60, "window_seconds": 1}


def _seconds(environment: BenchEnvironment) -> list[list[int]]:
    return [
        [accepted, refused]
        for _, accepted, refused in environment.lms.stats(per_second=True)["per_second"]
    ]


def _wait_for_calls(environment: BenchEnvironment) -> None:
    while not environment.lms.stats()["assignments"]:
        time.sleep(0.05)


def _limit_use(
    goal: str, description: str, counts: Sequence[Sequence[int]], limit: int, target: float
) -> Iterator[Comparison]:
    detail: dict[str, Any] = {"accepted_and_refused_each_second": counts}
    accepted = statistics.mean(second[0] for second in counts)
    yield Comparison(
        goal=goal,
        description=description,
        value=accepted,
        baseline=limit,
        unit="calls/s",
        target=target,
        detail=detail,
    )
    refused, calls = sum(second[1] for second in counts), sum(second[0] for second in counts)
    yield Comparison(
        goal=goal,
        description="   429s in 100 calls",
        value=100 * refused / max(1, calls),
        baseline=1,
        unit="",
        target=1 if goal == "8" or "configured" in description else 0,
        is_upper_bound=True,
    )
