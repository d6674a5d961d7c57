"""Goals 6 to 8: how close to a limit calls are sent, and what happens when it changes."""

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from bench.environment import Ground, ground
from bench.measurement import Finding

LATENCY_MS = 20
# The first seconds go to the canary and to finding the place in the window.
SETTLED_AFTER = 3


def one_process(vendor: str, seconds: int) -> Iterator[Finding]:
    """Yield goal 6: one sender at limits it knows, and at one that it has to find."""
    for agreed, limit, wanted in ((100, 100, 0.99), (500, 500, 0.99), (500, 100, 0.98)):
        what = f"of {limit} calls/s used, {agreed} agreed"
        with ground(vendor=vendor, learners=agreed * (seconds + 3), latency_ms=LATENCY_MS) as here:
            found = paced(here, agreed=agreed, limit=limit, seconds=seconds)
        yield from _used("6", what, found[SETTLED_AFTER:-1], limit, wanted)


def cut_in_half(vendor: str, seconds: int) -> Iterator[Finding]:
    """Yield goal 8: the limit falls from 100 to 50 in the middle, told in headers or not."""
    for headers in (True, False):
        with ground(vendor=vendor, learners=120 * seconds, latency_ms=LATENCY_MS) as here:
            half = threading.Timer(seconds / 2, here.lms.set_limits, kwargs=_limit(50))
            half.start()
            found = paced(here, agreed=100, limit=100, seconds=seconds, headers=headers)
        told = "told in headers" if headers else "found out"
        # What one pause of the API's own asking costs comes before.
        after = found[-(seconds // 2 - 4) : -1]
        yield from _used("8", f"of a limit cut to 50/s used, {told}", after, 50, 0.95)


def two_processes(vendor: str, seconds: int) -> Iterator[Finding]:
    """Yield goal 7: two accounts behind one key, each with a worker; one is killed half-way."""
    limit = 100
    accounts = ("sandbox", "sandbox-2")
    with ground(
        vendor=vendor,
        learners=limit * seconds,
        latency_ms=LATENCY_MS,
        accounts=",".join(accounts),
    ) as here:
        for name in accounts:
            here.plan(limit * seconds, account=name)
        here.lms.reset()
        here.lms.set_limits(**_limit(limit))
        rate = {"STACKONE_REQUESTS_PER_MINUTE": str(limit * 60)}
        first, second = ({**rate, "STACKONE_ACCOUNT_ID": name} for name in accounts)
        with (
            here.started("deliver", str(seconds), **first) as killed,
            here.started("deliver", str(seconds), **second) as other,
        ):
            _wait_for_calls(here)
            time.sleep(seconds / 2)
            killed.kill()
            at = len(_seconds(here))
            other.wait()
        found = _seconds(here)
    together, alone = found[SETTLED_AFTER : at - 1], found[at + 2 : -1]
    yield from _used("7", "of 100 calls/s used by two workers", together, limit, 0.985)
    yield from _used("7", "of it by one from 2 s after a kill", alone, limit, 0.98)


def paced(
    here: Ground, *, agreed: int, limit: int, seconds: int, headers: bool = False
) -> list[list[int]]:
    """Send for so many seconds; return what passed and was refused in each of them."""
    here.plan(agreed * (seconds + 2))
    here.lms.reset()
    here.lms.set_limits(**_limit(limit), rate_headers=headers)
    here.child("deliver", str(seconds), STACKONE_REQUESTS_PER_MINUTE=str(agreed * 60))
    return _seconds(here)


def _limit(per_second: int) -> dict[str, int]:
    return {"requests_per_minute": per_second * 60, "window_seconds": 1}


def _seconds(here: Ground) -> list[list[int]]:
    return [
        [passed, refused] for _, passed, refused in here.lms.stats(per_second=True)["per_second"]
    ]


def _wait_for_calls(here: Ground) -> None:
    while not here.lms.stats()["assignments"]:
        time.sleep(0.05)


def _used(
    goal: str, what: str, found: Sequence[Sequence[int]], limit: int, wanted: float
) -> Iterator[Finding]:
    detail: dict[str, Any] = {"passed_and_refused_each_second": found}
    passed = statistics.mean(second[0] for second in found)
    yield Finding(
        goal=goal, what=what, ours=passed, other=limit, unit="calls/s", wanted=wanted, detail=detail
    )
    refused, calls = sum(second[1] for second in found), sum(second[0] for second in found)
    yield Finding(
        goal=goal,
        what="   429s in 100 calls",
        ours=100 * refused / max(1, calls),
        other=1,
        unit="",
        wanted=1 if goal == "8" or "agreed" in what else 0,
        is_most=True,
    )
