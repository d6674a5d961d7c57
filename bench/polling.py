"""Goal 16 and large batches: requests of a batch's page while rows are sent at full speed."""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import cast

import httpx

from bench.environment import bench_environment
from bench.measurement import Comparison, at_most
from bench.sending import measure_sending
from tests.crash.web import Manager, Web
from tests.product_processes import Product

POLLERS = 20
HEADERS = {"HX-Request": "true"}


class Viewers:
    """Simulates people who request the same pages, each page once a second."""

    def __init__(self, url: str, paths: Sequence[str], count: int) -> None:
        self._urls = [f"{url}{path}" for path in paths]
        with Manager(url) as manager:
            self._cookies = manager.cookies
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._poll, args=(number / count,)) for number in range(count)
        ]
        self._seconds: dict[str, list[float]] = {url: [] for url in self._urls}

    def slowest_ms(self, share: float, number: int = 0) -> tuple[float, dict[str, object]]:
        """Return a percentile of a page's response times in ms, and a summary of all of them."""
        waits = sorted(1_000 * seconds for seconds in self._seconds[self._urls[number]])
        median = waits[len(waits) // 2]
        detail: dict[str, object] = {
            "responses": len(waits),
            "median_ms": median,
            "max_ms": waits[-1],
        }
        return waits[int(share * (len(waits) - 1))], detail

    def __enter__(self) -> "Viewers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _poll(self, after: float) -> None:
        time.sleep(after)
        with httpx.Client(cookies=self._cookies, trust_env=False, timeout=60) as client:
            while not self._is_over.wait(1):
                for url in self._urls:
                    began = time.perf_counter()
                    client.get(url, headers=_headers(url)).raise_for_status()
                    self._seconds[url].append(time.perf_counter() - began)


def _headers(url: str) -> dict[str, str]:
    return HEADERS if url.endswith("/progress") else {}


def progress(vendor: str, rows: int) -> Iterator[Comparison]:
    """Yield the 99th percentile of progress requests, and the speed with and without viewers."""
    with bench_environment(vendor=vendor, learners=rows, latency_ms=20) as environment:
        alone = measure_sending(environment, rows=rows)["per_second"]
        with Web(cast("Product", environment)) as web:
            batch = environment.create_batch(rows)
            with Viewers(web.url, [f"/batches/{batch}/progress"], POLLERS) as viewers:
                watched = environment.deliver()["per_second"]
    p99, detail = viewers.slowest_ms(0.99)
    yield at_most("16", "slowest of a hundred progress responses", p99, 20, "ms", detail)
    yield Comparison(
        goal="16",
        description="a run with twenty viewers against none",
        value=watched,
        baseline=alone,
        unit="calls/s",
        target=0.95,
    )


def large(vendor: str, rows: int) -> Iterator[Comparison]:
    """Yield the slowest requests of the pages of a large batch while it is sent at 0 ms latency."""
    with (
        bench_environment(vendor=vendor, learners=rows // 10) as environment,
        Web(cast("Product", environment)) as web,
    ):
        batch = environment.create_batch(rows, items=10)
        page = f"/batches/{batch}/"
        pages = {
            "page": page,
            "live part": f"{page}progress",
            "page 500 of a tab": f"{page}?tab=created&page=500",
        }
        with Viewers(web.url, [*pages.values()], 1) as viewers:
            measured = environment.deliver()
        assert environment.lms.stats()["assignments"] == rows
    for number, name in enumerate(pages):
        slowest, detail = viewers.slowest_ms(1, number)
        description = f"slowest {name} of {rows:,} rows being sent"
        yield at_most("L", description, slowest, 100, "ms", detail | measured)
