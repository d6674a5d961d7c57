"""Goal 16 and large batches: a batch's page while a run sends at full speed."""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import cast

import httpx

from bench.environment import ground
from bench.measurement import Finding, at_most
from bench.sending import sent
from tests.crash.web import Manager, Web
from tests.product_processes import Product

POLLERS = 20
HEADERS = {"HX-Request": "true"}


class Readers:
    """So many people who look at the same pages again and again, each page once a second."""

    def __init__(self, url: str, paths: Sequence[str], count: int) -> None:
        self._urls = [f"{url}{path}" for path in paths]
        with Manager(url) as manager:
            self._cookies = manager.cookies
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._look, args=(number / count,)) for number in range(count)
        ]
        self._seconds: dict[str, list[float]] = {url: [] for url in self._urls}

    def slowest_ms(self, share: float, number: int = 0) -> tuple[float, dict[str, object]]:
        """Return what this share of a page's answers took no longer than, and the whole picture."""
        waits = sorted(1_000 * seconds for seconds in self._seconds[self._urls[number]])
        median = waits[len(waits) // 2]
        detail: dict[str, object] = {
            "answers": len(waits),
            "median_ms": median,
            "most_ms": waits[-1],
        }
        return waits[int(share * (len(waits) - 1))], detail

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _look(self, after: float) -> None:
        time.sleep(after)
        with httpx.Client(cookies=self._cookies, trust_env=False, timeout=60) as client:
            while not self._is_over.wait(1):
                for url in self._urls:
                    began = time.perf_counter()
                    client.get(url, headers=_headers(url)).raise_for_status()
                    self._seconds[url].append(time.perf_counter() - began)


def _headers(url: str) -> dict[str, str]:
    return HEADERS if url.endswith("/progress") else {}


def progress(vendor: str, rows: int) -> Iterator[Finding]:
    """Yield the slowest of a hundred answers, and the run's speed with readers and without."""
    with ground(vendor=vendor, learners=rows, latency_ms=20) as here:
        alone = sent(here, rows=rows)["per_second"]
        with Web(cast("Product", here)) as web:
            batch = here.plan(rows)
            with Readers(web.url, [f"/batches/{batch}/progress"], POLLERS) as readers:
                watched = here.deliver()["per_second"]
    p99, detail = readers.slowest_ms(0.99)
    yield at_most("16", "slowest of a hundred progress answers", p99, 20, "ms", detail)
    yield Finding(
        goal="16",
        what="a run with twenty readers against none",
        ours=watched,
        other=alone,
        unit="calls/s",
        wanted=0.95,
    )


def large(vendor: str, rows: int) -> Iterator[Finding]:
    """Yield how long a batch of very many rows lets one reader wait while it is sent at 0 ms."""
    with ground(vendor=vendor, learners=rows // 10) as here, Web(cast("Product", here)) as web:
        batch = here.plan(rows, items=10)
        page = f"/batches/{batch}/"
        pages = {
            "page": page,
            "live part": f"{page}progress",
            "page 500 of a tab": f"{page}?tab=created&page=500",
        }
        with Readers(web.url, [*pages.values()], 1) as one:
            found = here.deliver()
        assert here.lms.stats()["assignments"] == rows
    for number, name in enumerate(pages):
        slowest, detail = one.slowest_ms(1, number)
        what = f"slowest {name} of {rows:,} rows being sent"
        yield at_most("L", what, slowest, 100, "ms", detail | found)
