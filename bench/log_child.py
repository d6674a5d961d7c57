"""Measure one part of a long log: `python -m bench.log_child write 100000` prints JSON."""

import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import batched
from typing import Any, Final

from bench.directory_child import signed_in, spread, timed
from bench.part import run_part

SEED: Final = 11
GROUP: Final = 500
PEOPLE: Final = 20_000
REPETITIONS: Final = 15
PAGE_SIZE: Final = 50
FIRST_NAMES: Final = (
    "Elif",
    "Amara",
    "Jonas",
    "Chiara",
    "Mateusz",
    "Ingrid",
    "Yusuf",
    "Noor",
    "Pavel",
)
FAMILY_NAMES: Final = (
    "Yilmaz",
    "Okafor",
    "Lindqvist",
    "Rossi",
    "Kowalski",
    "Haugen",
    "Demir",
    "Novak",
)
TITLES: Final = (
    "Fire safety",
    "GDPR essentials",
    "Forklift licence",
    "First aid",
    "Code of conduct",
)
RESULTS: Final = ("created",) * 17 + ("rejected", "rejected", "unknown")
QUERIES: Final = {
    "first": "",
    "by": "by:user/7",
    "person": "person:learner/4711",
    "batch": "batch:B-0012",
    "action": "action:assignment.rejected",
    "result": "result:unknown",
    "content": 'content:"first aid"',
    "text": "lindqvist",
    "when": "when:today",
    "two": "by:user/3 result:rejected",
    "not": "forklift -result:created",
}


def write(start: str, count: str) -> dict[str, float]:
    """Append entries of 40 managers, 20,000 people and 200 items, 900 to a batch."""
    from django.db import transaction
    from django.utils import timezone

    from assignments.audit.entries.actors import Actor
    from assignments.audit.log import record_all
    from assignments.models import LogEntry, PersonalValue
    from assignments.models.sql.analyze import vacuum

    numbers = range(int(start), int(start) + int(count))
    began = time.perf_counter()
    for group in batched(numbers, GROUP):
        manager = group[0] // GROUP % 40
        by = Actor(ref=f"user/{manager}", name=f"Manager {manager}", means="page")
        with transaction.atomic():
            record_all([_event(number) for number in group], by=by, at=timezone.now())
    seconds = time.perf_counter() - began
    # Autovacuum does this while a log grows over months.
    vacuum(LogEntry, PersonalValue)
    return {"per_second": int(count) / seconds}


def _event(number: int) -> Any:
    from assignments.audit.entries.actors import Person
    from assignments.audit.log import Event

    rng = random.Random(number)
    person, item, result = rng.randrange(PEOPLE), rng.randrange(200), rng.choice(RESULTS)
    first_name = FIRST_NAMES[person % len(FIRST_NAMES)]
    family_name = FAMILY_NAMES[person // 9 % len(FAMILY_NAMES)]
    name = f"{first_name} {family_name} {person}"
    title = f"{TITLES[item % len(TITLES)]} {item}"
    return Event(
        action=f"assignment.{result}",
        subject=f"assignment/{number}",
        result=result,
        batch=f"batch/{number // 900}",
        account="sandbox",
        people=(Person(ref=f"learner/{person}", name=name, email=f"p{person}@northwind.example"),),
        detail={
            "content": {"ref": f"content/{item}", "title": title, "reference": f"CRS-{item:04}"},
            "attempt": 1,
            "remote_id": f"lms-{number}",
        },
    )


def pages() -> dict[str, float]:
    """Return the median time of each search's first page as an auditor requests it, in ms."""
    client, medians = _auditor(), {}
    _page(client, "")
    for name, query in QUERIES.items():
        times = [timed(partial(_page, client, query))[0] for _ in range(REPETITIONS)]
        medians[name] = statistics.median(times)
    return medians


def size() -> dict[str, float]:
    """Return the size of the database per entry in bytes, including names and indexes."""
    from django.db import connection

    from assignments.models import LogHead

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            statement = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        else:
            statement = "SELECT pg_database_size(current_database())"
        cursor.execute(statement)
        return {"bytes": cursor.fetchone()[0] / LogHead.entries()}


def offset() -> dict[str, float]:
    """Return how long a page in the middle takes, by number and by OFFSET, in ms."""
    from django.utils import timezone

    from assignments.audit.search.parser import parse
    from assignments.audit.search.search import find
    from assignments.models import LogEntry, LogHead

    middle = LogHead.entries() // 2
    everything = find(parse("", today=timezone.localdate()))
    newest = LogEntry.objects.order_by("-seq")

    def by_number() -> object:
        return list(everything.entries.filter(seq__lt=middle).order_by("-seq")[:PAGE_SIZE])

    def by_offset() -> object:
        return list(newest[middle : middle + PAGE_SIZE])

    return {
        name: statistics.median(timed(function)[0] for _ in range(REPETITIONS))
        for name, function in (("by_number", by_number), ("offset", by_offset))
    }


def words_of_text() -> dict[str, float]:
    """Search for names, titles, references, parts of them, and misses."""
    client, rng = _auditor(), random.Random(SEED)
    _page(client, "")
    vocabulary = [
        *FIRST_NAMES,
        *FAMILY_NAMES,
        *" ".join(TITLES).split(),
        "CRS-0042",
        "lms-77",
        "qqxz",
    ]
    words = []
    for _ in range(100):
        word = rng.choice(vocabulary)
        at = rng.randrange(len(word))
        words.append(rng.choice([word, word[: at + 1], word[at:]]).lower())
    return spread([timed(partial(_page, client, word)) for word in words])


def own_list() -> dict[str, float]:
    """Request the newest page of the log repeatedly."""
    client = _auditor()
    return _repeat(partial(_page, client, ""))


def admin_list() -> dict[str, float]:
    """Request the same page of Django's admin repeatedly; needs the settings bench.admin."""
    client = _auditor()
    return _repeat(partial(_request, client, "/admin/assignments/logentry/"))


def _repeat(work: Callable[[], object]) -> dict[str, float]:
    # The first request of a process compiles templates and opens the database.
    work()
    times = sorted(timed(work)[0] for _ in range(150))
    return {"per_second": 1_000 / statistics.fmean(times), "p99": times[int(0.99 * len(times))]}


def _page(client: Any, query: str) -> None:
    _request(client, "/audit/", q=query)


def _request(client: Any, path: str, **query: str) -> None:
    response = client.get(path, query)
    if response.status_code != 200:
        raise RuntimeError(f"{path} responded {response.status_code}.")


def _auditor() -> Any:
    client, _ = signed_in("auditor@example.com")
    return client


if __name__ == "__main__":
    run_part(
        {
            "write": write,
            "pages": pages,
            "size": size,
            "offset": offset,
            "words": words_of_text,
            "list": own_list,
            "admin": admin_list,
        }
    )
