"""What a search of the log finds, as plain values for programs and the shell."""

from dataclasses import dataclass
from typing import Final

from assignments.audit.entries.canonical import timestamp
from assignments.audit.entries.readable import Party, ReadableEntry
from assignments.audit.search.query import Query
from assignments.audit.search.search import find

MOST: Final = 500
type Told = dict[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """The newest entries that fit, how many do, and the number to go on before.

    :ivar count: exact unless it `is_capped`
    :ivar next_before: nothing if there are no more
    """

    search: str
    count: int
    is_capped: bool
    next_before: int | None
    entries: list[Told]


def answer(query: Query, *, before: int | None, limit: int) -> Answer:
    """Return the newest entries that fit.

    :param before: only entries with a smaller number
    """
    found = find(query)
    lines, more = found.page(before=before, limit=limit)
    count, is_capped = found.count()
    return Answer(str(query), count, is_capped, more, [_told(line) for line in lines])


def _told(line: ReadableEntry) -> Told:
    return {
        "entry": line.seq,
        "at": timestamp(line.at),
        "sentence": f"{line.actor} {line.sentence}",
        "actor": _somebody(line.actor),
        "people": [_somebody(person) for person in line.people],
        "action": line.action,
        "result": line.result,
        "batch": line.batch_number,
        "leaf": line.leaf,
        "recorded": line.body,
    }


def _somebody(party: Party) -> Told:
    return {
        "ref": party.ref,
        "name": party.name,
        "email": party.email,
        "reference": party.reference,
        "is_erased": party.is_erased,
    }
