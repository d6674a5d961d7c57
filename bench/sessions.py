"""Very many people who browse and pick while a batch is sent, on the production server."""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, cast

import httpx

from bench.environment import Ground, ground
from bench.measurement import Finding, at_most
from tests.crash.web import TOKEN, Web
from tests.product_processes import Product

# For how long a page is read, as TPC-W (clause 5.3.1.1) has people of a web shop think: 7 seconds
# in the middle, exponentially distributed, 70 at most. With 200 people some 28 requests a second.
READS_SECONDS = 7
READS_AT_MOST = 70
# They come one after the other, for as long as a round of acts takes; what is asked until then is
# not counted.
COMING_SECONDS = 40
# What a project of StackOne may send when its limit was raised: 100 calls a second.
CALLS_PER_MINUTE = "6000"
MOST_P95_MS = 500
# As many as cores; what they count together they count in PostgreSQL.
PROCESSES = {"sqlite": 1, "postgresql": 2}
COOKIE = "sessionid"
HTMX = {"HX-Request": "true"}
SHOWN = re.compile(r'name="shown" value="(\d+)"')


class Asked(NamedTuple):
    """A request: when it began, how long it took in seconds, and what came of it."""

    began: float
    seconds: float
    answer: str


class Person:
    """One session: looks at lists and the running batch, and picks people in a draft of its own."""

    def __init__(self, url: str, key: str, batch: int, number: int) -> None:
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=60)
        self._client.cookies.set(COOKIE, key, domain="127.0.0.1")
        self._batch, self._chance = batch, random.Random(number)
        self.asked: list[Asked] = []
        self.picked = 0

    def live(self, is_over: threading.Event) -> None:
        """Go on until it is over; whatever goes wrong is counted, never raised."""
        is_over.wait(self._chance.uniform(0, COMING_SECONDS))
        while not is_over.is_set():
            for act in (self._begin, self._list, self._batch_page, self._search, self._pick):
                act()
                if is_over.wait(self._reads()):
                    return

    def _reads(self) -> float:
        return min(self._chance.expovariate(1 / READS_SECONDS), READS_AT_MOST)

    def _begin(self) -> None:
        token = TOKEN.search(self._ask("GET", "/batches/"))
        words = {"csrfmiddlewaretoken": token[1] if token else ""}
        page = self._ask("POST", "/assign/new", data=words)
        self._draft, self._token = self._here, TOKEN.search(page)
        self._shown = SHOWN.findall(page)

    def _list(self) -> None:
        self._ask("GET", self._chance.choice(["/people/", "/content/", "/audit/"]))

    def _batch_page(self) -> None:
        self._ask("GET", f"/batches/{self._batch}/progress", headers=HTMX)

    def _search(self) -> None:
        self._ask(
            "GET", f"{self._draft}?q={self._chance.choice(['an', 'el', 'mar'])}", headers=HTMX
        )

    def _pick(self) -> None:
        token = self._token[1] if self._token else ""
        words = {"csrfmiddlewaretoken": token, "shown": self._shown, "learner": self._shown[:5]}
        self._ask("POST", f"{self._draft}pick", data=words, headers=HTMX)
        self.picked += len(self._shown[:5])

    def _ask(self, method: str, path: str, **more: object) -> str:
        began = time.perf_counter()
        try:
            answer = self._client.request(method, path, follow_redirects=True, **more)  # type: ignore[arg-type]
        except httpx.HTTPError as problem:
            self._note(began, type(problem).__name__)
            return ""
        self._here = answer.url.path
        # Whoever is led to the door has lost the session.
        self._note(began, "door" if self._here == "/login/" else str(answer.status_code))
        return answer.text

    def _note(self, began: float, answer: str) -> None:
        self.asked.append(Asked(began, time.perf_counter() - began, answer))


def browse(vendor: str, count: int, rows: int) -> Iterator[Finding]:
    """Yield how many answers were errors, and how long nineteen of twenty took at most."""
    with ground(vendor=vendor, learners=max(rows, 500), latency_ms=20) as here:
        people, asked, sent = _lived(here, vendor, count, rows)
    answers = Counter(ask.answer for ask in asked)
    waits = sorted(1_000 * ask.seconds for ask in asked)
    picked = sum(one.picked for one in people)
    assert picked, "Nobody picked anybody: the pages have changed."
    detail: dict[str, object] = {
        "answers": dict(answers),
        "most_ms": waits[-1],
        "picked": picked,
        "sent": sent,
    }
    yield Finding(
        goal="S",
        what=f"answers without an error to {count} sessions, a batch running",
        ours=answers["200"],
        other=len(waits),
        unit="answers",
        wanted=1,
        detail=detail,
    )
    what, p95 = f"p95 of {count} sessions, a batch running", waits[int(0.95 * (len(waits) - 1))]
    yield at_most("S", what, p95, MOST_P95_MS, "ms", detail)


def _lived(
    here: Ground, vendor: str, count: int, rows: int
) -> tuple[list[Person], list[Asked], object]:
    """Let them come and live while a batch is sent; return what they asked meanwhile."""
    keys = here.child(str(count), script="bench.people")["keys"]
    with Web(cast("Product", here), processes=PROCESSES[vendor]) as web:
        batch, is_over = here.plan(rows), threading.Event()
        people = [Person(web.url, key, batch, number) for number, key in enumerate(keys)]
        threads = [threading.Thread(target=one.live, args=(is_over,)) for one in people]
        for thread in threads:
            thread.start()
        time.sleep(COMING_SECONDS)
        counted_from = time.perf_counter()
        sent = here.deliver(STACKONE_REQUESTS_PER_MINUTE=CALLS_PER_MINUTE)
        is_over.set()
        for thread in threads:
            thread.join()
    asked = [ask for one in people for ask in one.asked if ask.began > counted_from]
    return people, asked, sent
