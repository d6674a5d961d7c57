"""Goal S: many people who browse and select while a batch is sent, on the production server."""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, cast

import httpx

from bench.environment import BenchEnvironment, bench_environment
from bench.measurement import Comparison, at_most
from tests.crash.web import TOKEN, Web
from tests.product_processes import Product

# Think time of TPC-W (clause 5.3.1.1): exponentially distributed with a mean of 7 s, 70 s at most.
# 200 people then make some 28 requests a second.
THINK_SECONDS = 7
MAX_THINK_SECONDS = 70
# People start one after the other within this time, the length of a round of actions; requests
# until then do not count.
RAMP_UP_SECONDS = 40
# A raised limit of a StackOne project: 100 calls a second.
CALLS_PER_MINUTE = "6000"
MAX_P95_MS = 500
# Web processes: as many as cores; with SQLite one, since several share counters only in PostgreSQL.
PROCESSES = {"sqlite": 1, "postgresql": 2}
COOKIE = "sessionid"
HTMX = {"HX-Request": "true"}
SHOWN = re.compile(r'name="shown" value="(\d+)"')


class TimedRequest(NamedTuple):
    """A request: when it began (perf_counter), its seconds, and its status or error."""

    began: float
    seconds: float
    outcome: str


class Person:
    """One session: views lists and the running batch, and selects people in a draft of its own."""

    def __init__(self, url: str, key: str, batch: int, number: int) -> None:
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=60)
        self._client.cookies.set(COOKIE, key, domain="127.0.0.1")
        self._batch, self._random = batch, random.Random(number)
        self.requests: list[TimedRequest] = []
        self.selected = 0

    def browse(self, is_over: threading.Event) -> None:
        """Make requests until it is over; errors are counted, not raised."""
        is_over.wait(self._random.uniform(0, RAMP_UP_SECONDS))
        while not is_over.is_set():
            for action in (self._begin, self._list, self._batch_page, self._search, self._pick):
                action()
                if is_over.wait(self._think_seconds()):
                    return

    def _think_seconds(self) -> float:
        return min(self._random.expovariate(1 / THINK_SECONDS), MAX_THINK_SECONDS)

    def _begin(self) -> None:
        token = TOKEN.search(self._request("GET", "/batches/"))
        words = {"csrfmiddlewaretoken": token[1] if token else ""}
        page = self._request("POST", "/assign/new", data=words)
        self._draft, self._token = self._path, TOKEN.search(page)
        self._shown = SHOWN.findall(page)

    def _list(self) -> None:
        self._request("GET", self._random.choice(["/people/", "/content/", "/audit/"]))

    def _batch_page(self) -> None:
        self._request("GET", f"/batches/{self._batch}/progress", headers=HTMX)

    def _search(self) -> None:
        self._request(
            "GET", f"{self._draft}?q={self._random.choice(['an', 'el', 'mar'])}", headers=HTMX
        )

    def _pick(self) -> None:
        token = self._token[1] if self._token else ""
        words = {"csrfmiddlewaretoken": token, "shown": self._shown, "learner": self._shown[:5]}
        self._request("POST", f"{self._draft}pick", data=words, headers=HTMX)
        self.selected += len(self._shown[:5])

    def _request(self, method: str, path: str, **more: object) -> str:
        began = time.perf_counter()
        try:
            response = self._client.request(method, path, follow_redirects=True, **more)  # type: ignore[arg-type]
        except httpx.HTTPError as error:
            self._record(began, type(error).__name__)
            return ""
        self._path = response.url.path
        # A redirect to the sign-in page means that the session was lost.
        self._record(began, "signed out" if self._path == "/login/" else str(response.status_code))
        return response.text

    def _record(self, began: float, outcome: str) -> None:
        self.requests.append(TimedRequest(began, time.perf_counter() - began, outcome))


def browse(vendor: str, count: int, rows: int) -> Iterator[Comparison]:
    """Yield the share of responses without an error, and the 95th percentile of their times."""
    with bench_environment(vendor=vendor, learners=max(rows, 500), latency_ms=20) as environment:
        people, requests, measured = _run_sessions(environment, vendor, count, rows)
    outcomes = Counter(request.outcome for request in requests)
    waits = sorted(1_000 * request.seconds for request in requests)
    selected = sum(person.selected for person in people)
    assert selected, "Nobody selected anybody: the pages have changed."
    detail: dict[str, object] = {
        "outcomes": dict(outcomes),
        "max_ms": waits[-1],
        "selected": selected,
        "sending": measured,
    }
    yield Comparison(
        goal="S",
        description=f"responses without an error to {count} sessions, a batch running",
        value=outcomes["200"],
        baseline=len(waits),
        unit="responses",
        target=1,
        detail=detail,
    )
    description, p95 = (
        f"p95 of {count} sessions, a batch running",
        waits[int(0.95 * (len(waits) - 1))],
    )
    yield at_most("S", description, p95, MAX_P95_MS, "ms", detail)


def _run_sessions(
    environment: BenchEnvironment, vendor: str, count: int, rows: int
) -> tuple[list[Person], list[TimedRequest], object]:
    """Run sessions while a batch is sent; return the people, their requests and the sender's
    measurements.
    """
    keys = environment.run_child("sign_in", str(count), script="bench.people")["keys"]
    with Web(cast("Product", environment), processes=PROCESSES[vendor]) as web:
        batch, is_over = environment.create_batch(rows), threading.Event()
        people = [Person(web.url, key, batch, number) for number, key in enumerate(keys)]
        threads = [threading.Thread(target=person.browse, args=(is_over,)) for person in people]
        for thread in threads:
            thread.start()
        time.sleep(RAMP_UP_SECONDS)
        counted_from = time.perf_counter()
        measured = environment.deliver(STACKONE_REQUESTS_PER_MINUTE=CALLS_PER_MINUTE)
        is_over.set()
        for thread in threads:
            thread.join()
    requests = [
        request for person in people for request in person.requests if request.began > counted_from
    ]
    return people, requests, measured
