"""Reading leaves a trace: searches and opened entries are entries themselves."""

from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.log import Event, record
from assignments.audit.search.filters import SEARCH
from assignments.audit.search.query import Query

_LONGEST: Final = 320


@transaction.atomic
def record_search(*, query: Query, found: int, by: Actor, now: datetime) -> None:
    """Record that somebody searched the log."""
    record(
        Event(
            action="log.searched",
            subject="log",
            people=sought(query),
            detail={"entries": found, "search": query.masked()},
        ),
        by=by,
        at=now,
    )


@transaction.atomic
def record_reading(*, seq: int, by: Actor, now: datetime) -> None:
    """Record that somebody opened an entry with the personal data in it."""
    record(Event(action="entry.read", subject=f"entry/{seq}"), by=by, at=now)


def sought(query: Query) -> tuple[Person, ...]:
    """Return the query as words that may name a person, a commitment that can be erased."""
    if not query.is_personal:
        return ()
    return (Person(ref=SEARCH, name=str(query)[:_LONGEST]),)
