"""Measure one part of a long log: `python -m bench.log_child write 100000` prints JSON."""

import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import batched
from typing import Any, Final

import django

from bench.directory_child import signed_in, spread, timed

SEED: Final = 11
GROUP: Final = 500
PEOPLE: Final = 20_000
TIMES: Final = 15
SHOWN: Final = 50
GIVEN: Final = ("Elif", "Amara", "Jonas", "Chiara", "Mateusz", "Ingrid", "Yusuf", "Noor", "Pavel")
FAMILY: Final = ("Yilmaz", "Okafor", "Lindqvist", "Rossi", "Kowalski", "Haugen", "Demir", "Novak")
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


def main(part: str, *words: str) -> None:
    """Run one part and print its measures."""
    parts: Mapping[str, Callable[..., dict[str, float]]] = {
        "write": write,
        "pages": pages,
        "size": size,
        "offset": offset,
        "words": words_of_text,
        "list": own_list,
        "admin": admin_list,
    }
    print(json.dumps(parts[part](*words)))


def write(start: str, count: str) -> dict[str, float]:
    """Append entries of 40 managers, 20,000 people and 200 items, 900 to a batch."""
    django.setup()
    from django.db import transaction
    from django.utils import timezone

    from assignments.audit.entries.actors import Actor
    from assignments.audit.log import record_all
    from assignments.models import LogEntry, PersonalValue
    from assignments.models.sql.analyze import vacuum

    numbers = range(int(start), int(start) + int(count))
    began = time.perf_counter()
    for some in batched(numbers, GROUP, strict=False):
        manager = some[0] // GROUP % 40
        by = Actor(ref=f"user/{manager}", name=f"Manager {manager}", means="page")
        with transaction.atomic():
            record_all([_event(number) for number in some], by=by, at=timezone.now())
    took = time.perf_counter() - began
    # As PostgreSQL does by itself while a log grows over months.
    vacuum(LogEntry, PersonalValue)
    return {"per_second": int(count) / took}


def _event(number: int) -> Any:
    from assignments.audit.entries.actors import Person
    from assignments.audit.log import Event

    chance = random.Random(number)
    whom, item, result = chance.randrange(PEOPLE), chance.randrange(200), chance.choice(RESULTS)
    name = f"{GIVEN[whom % len(GIVEN)]} {FAMILY[whom // 9 % len(FAMILY)]} {whom}"
    title = f"{TITLES[item % len(TITLES)]} {item}"
    return Event(
        action=f"assignment.{result}",
        subject=f"assignment/{number}",
        result=result,
        batch=f"batch/{number // 900}",
        account="sandbox",
        people=(Person(ref=f"learner/{whom}", name=name, email=f"p{whom}@northwind.example"),),
        detail={
            "content": {"ref": f"content/{item}", "title": title, "reference": f"CRS-{item:04}"},
            "attempt": 1,
            "remote_id": f"lms-{number}",
        },
    )


def pages() -> dict[str, float]:
    """Return how long the first page of each search takes, as an auditor sees it, in ms."""
    client, found = _auditor(), {}
    _page(client, "")
    for name, query in QUERIES.items():
        times = [timed(partial(_page, client, query))[0] for _ in range(TIMES)]
        found[name] = statistics.median(times)
    return found


def size() -> dict[str, float]:
    """Return how many bytes the database holds for each entry, names beside them included."""
    django.setup()
    from django.db import connection

    from assignments.models import LogHead

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            asked = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        else:
            asked = "SELECT pg_database_size(current_database())"
        cursor.execute(asked)
        return {"bytes": cursor.fetchone()[0] / LogHead.entries()}


def offset() -> dict[str, float]:
    """Return how long a page in the middle takes, by number and by OFFSET, in ms."""
    django.setup()
    from django.utils import timezone

    from assignments.audit.search.parser import parse
    from assignments.audit.search.search import find
    from assignments.models import LogEntry, LogHead

    middle = LogHead.entries() // 2
    everything = find(parse("", today=timezone.localdate()))
    newest = LogEntry.objects.order_by("-seq")

    def by_number() -> object:
        return list(everything.entries.filter(seq__lt=middle).order_by("-seq")[:SHOWN])

    def by_offset() -> object:
        return list(newest[middle : middle + SHOWN])

    return {
        name: statistics.median(timed(way)[0] for _ in range(TIMES))
        for name, way in (("ours", by_number), ("offset", by_offset))
    }


def words_of_text() -> dict[str, float]:
    """Search for words of one letter and more: names, titles, references, parts and misses."""
    client, chance = _auditor(), random.Random(SEED)
    _page(client, "")
    known = [*GIVEN, *FAMILY, *" ".join(TITLES).split(), "CRS-0042", "lms-77", "qqxz"]
    asked = []
    for _ in range(100):
        word = chance.choice(known)
        at = chance.randrange(len(word))
        asked.append(chance.choice([word, word[: at + 1], word[at:]]).lower())
    return spread([timed(partial(_page, client, word)) for word in asked])


def own_list() -> dict[str, float]:
    """Ask for the log's newest page over and over."""
    client = _auditor()
    return _over_and_over(partial(_page, client, ""))


def admin_list() -> dict[str, float]:
    """Ask for the same page of Django's admin over and over; needs bench.admin as settings."""
    client = _auditor()
    return _over_and_over(partial(_got, client, "/admin/assignments/logentry/"))


def _over_and_over(work: Callable[[], object]) -> dict[str, float]:
    # What a process does once in its life: compiling templates, opening the database.
    work()
    times = sorted(timed(work)[0] for _ in range(150))
    return {"per_second": 1_000 / statistics.fmean(times), "p99": times[int(0.99 * len(times))]}


def _page(client: Any, query: str) -> None:
    _got(client, "/audit/", q=query)


def _got(client: Any, path: str, **asked: str) -> None:
    answer = client.get(path, asked)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}.")


def _auditor() -> Any:
    client, _ = signed_in("auditor@example.com")
    return client


if __name__ == "__main__":
    main(*sys.argv[1:])
