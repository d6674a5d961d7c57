"""Fixtures of the audit log: an empty log for each test, people, events and searches."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import orjson
import pytest
from django.db import connection, transaction

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.entries.row_numbers import groups_of
from assignments.audit.log import Event, record_all
from assignments.models import LogEntry, LogHead
from tests import log_triggers

AT = datetime(2026, 11, 23, 10, 43, 0, 123456, tzinfo=UTC)
PRIYA = Actor(
    ref="user/1",
    name="Priya Mehta",
    email="priya@northwind.example",
    means="page",
    session="s-1",
    ip="10.20.4.17",
    request_id="7e0dba3c-5a0e-4a43-9d4c-1d9f4f0c5b11",
)
ELIF = Person(
    ref="learner/12",
    name="Elif Yılmaz",  # noqa: RUF001  a name with a letter that folds
    email="elif@northwind.example",
    reference="NW-10379",
)
CONTENT = {"ref": "content/9", "title": "GDPR Essentials 2027", "reference": "CRS-0977"}


@pytest.fixture(autouse=True)
def separate_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Start an empty log for each test that commits, and let its tables be flushed afterwards.

    The triggers of the log would refuse the flush at the end of such a test.
    """
    if not _commits(request.node):
        yield
        return
    request.getfixturevalue("transactional_db")
    log_triggers.remove(connection)
    log_triggers.install(connection)
    log_triggers.remove_from_names(connection)
    log_triggers.install_on_names(connection)
    LogHead.objects.get_or_create(pk=1)
    yield
    log_triggers.remove(connection)
    log_triggers.remove_from_names(connection)


def created(number: int = 1, person: Person = ELIF, **more: object) -> Event:
    """Return the event of one assignment that the LMS confirmed."""
    return Event(
        action="assignment.created",
        subject=f"assignment/{number}",
        result="created",
        batch="batch/417",
        cause="batch/417",
        account="acme",
        people=(person,),
        detail={"content": CONTENT, "attempt": 1, "remote_id": f"LMS-{number}", **more},
    )


def write_log(size: int) -> range:
    """Append `size` entries about two people."""
    amara = Person(ref="learner/13", name="Amara Okafor", email="amara@northwind.example")
    events = [created(number, amara if number % 3 else ELIF) for number in range(size)]
    with transaction.atomic():
        return record_all(events, by=PRIYA, at=AT)


# Queries and how many entries of `write_searched_entries` match; the same on pages and in the API.
SEARCHES = [
    pytest.param("yilmaz", 2, id="a name without its accents"),
    pytest.param("person:learner/13 gdpr", 1, id="a person and a word"),
    pytest.param("B-0417 -action:created", 1, id="a batch without an action"),
    pytest.param("elif action:held", 0, id="everything must fit"),
]


def write_searched_entries() -> None:
    """Append the entries for SEARCHES: assignments of two people, and a hold of their batch."""
    amara = Person(ref="learner/13", name="Amara Okafor")
    held = Event(action="batch.held", batch="batch/417", subject="batch/417")
    with transaction.atomic():
        record_all([created(1), created(2), created(3, amara), held], by=PRIYA, at=AT)


def _commits(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    fixtures = set(getattr(item, "fixturenames", ()))
    is_marked = marker is not None and bool(marker.kwargs.get("transaction"))
    return is_marked or bool(fixtures & {"transactional_db", "live_server"})


def rows_named_by(action: str) -> Counter[tuple[str, int]]:
    """Return how often each row, by batch and number, is named by entries about many rows."""
    entries = LogEntry.objects.filter(action=action).values_list("batch", "body")
    return Counter(
        (batch, number)
        for batch, body in entries
        for numbers, _ in groups_of(orjson.loads(bytes(body)))
        for number in numbers
    )
