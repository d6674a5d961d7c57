"""Reading leaves a trace: searches and opened entries are entries themselves."""

from dataclasses import asdict
from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.audit.actors import Actor, Person
from assignments.audit.log import Event, record
from assignments.audit.search import Search

_LONGEST: Final = 320


@transaction.atomic
def record_search(*, search: Search, found: int, by: Actor, now: datetime) -> None:
    """Record that somebody searched the log."""
    record(
        Event(
            action="log.searched",
            subject="log",
            people=sought(search),
            detail={"entries": found, "search": terms(search)},
        ),
        by=by,
        at=now,
    )


@transaction.atomic
def record_reading(*, seq: int, by: Actor, now: datetime) -> None:
    """Record that somebody opened an entry with the personal data in it."""
    record(Event(action="entry.read", subject=f"entry/{seq}"), by=by, at=now)


def terms(search: Search) -> dict[str, str]:
    """Return what was searched for, without the words that may name a person."""
    named = {"text", "person"}
    chosen = {name: value for name, value in asdict(search).items() if value and name not in named}
    return {name: str(value) for name, value in chosen.items()}


def sought(search: Search) -> tuple[Person, ...]:
    """Return the words that may name a person, to be kept as commitments that can be erased."""
    if not search.text and not search.person:
        return ()
    name, reference = search.text[:_LONGEST], search.person[:_LONGEST]
    return (Person(ref="search", name=name, reference=reference),)
