"""Goal 16: the batch page while a run sends at full speed, and what its readers cost the run."""

import threading
import time
from collections.abc import Iterator
from typing import Any, cast

import httpx

from bench.finding import Finding
from bench.ground import ground
from bench.sending import sent
from tests.crash.web import Manager, Web
from tests.product import Product

POLLERS = 20
HEADERS = {"HX-Request": "true"}


class Pollers:
    """Twenty people who look at one batch, each once a second."""

    def __init__(self, url: str, batch: int) -> None:
        self._path = f"{url}/batches/{batch}/progress"
        with Manager(url) as manager:
            self._cookies = manager.cookies
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._look, args=(number / POLLERS,))
            for number in range(POLLERS)
        ]
        self.seconds: list[float] = []

    def __enter__(self) -> "Pollers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _look(self, after: float) -> None:
        time.sleep(after)
        with httpx.Client(cookies=self._cookies, headers=HEADERS, trust_env=False) as client:
            while not self._is_over.wait(1):
                began = time.perf_counter()
                client.get(self._path).raise_for_status()
                self.seconds.append(time.perf_counter() - began)


def progress(vendor: str, rows: int) -> Iterator[Finding]:
    """Yield the slowest of a hundred answers, and the run's speed with readers and without."""
    with ground(vendor=vendor, learners=rows, latency_ms=20) as here:
        alone = sent(here, rows=rows)["per_second"]
        with Web(cast("Product", here)) as web:
            batch = here.plan(rows)
            with Pollers(web.url, batch) as pollers:
                watched = here.deliver()["per_second"]
    waits = sorted(pollers.seconds)
    p99 = 1_000 * waits[int(0.99 * (len(waits) - 1))]
    detail: dict[str, Any] = {"answers": len(waits), "median_ms": 1_000 * waits[len(waits) // 2]}
    yield Finding(
        goal="16",
        what="slowest of a hundred progress answers",
        ours=p99,
        other=20,
        unit="ms",
        wanted=1,
        is_most=True,
        detail=detail,
    )
    yield Finding(
        goal="16",
        what="a run with twenty readers against none",
        ours=watched,
        other=alone,
        unit="calls/s",
        wanted=0.95,
    )
