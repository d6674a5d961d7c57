"""Access records: searching the log and opening an entry are recorded in the log."""

from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.log import Event, record
from assignments.audit.search.filters import SEARCH_REF
from assignments.audit.search.query import Query

_MAX_NAME_LENGTH: Final = 320


@transaction.atomic
def record_search(*, query: Query, count: int, by: Actor, now: datetime) -> None:
    """Record that a person searched the log, and how many entries matched."""
    record(
        Event(
            action="log.searched",
            subject="log",
            people=search_as_people(query),
            detail={"entries": count, "search": query.redacted()},
        ),
        by=by,
        at=now,
    )


@transaction.atomic
def record_entry_read(*, seq: int, by: Actor, now: datetime) -> None:
    """Record that a person opened an entry, which shows the personal data in it."""
    record(Event(action="entry.read", subject=f"entry/{seq}"), by=by, at=now)


def search_as_people(query: Query) -> tuple[Person, ...]:
    """Return a search that may name a person as people of an event, so that it can be erased.

    The log then holds only a commitment to the text; a search by refs alone needs none.
    """
    if not query.is_personal:
        return ()
    return (Person(ref=SEARCH_REF, name=str(query)[:_MAX_NAME_LENGTH]),)
