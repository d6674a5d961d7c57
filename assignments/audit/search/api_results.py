"""Search results as plain values, for the API and the command line."""

from dataclasses import dataclass
from typing import Final

from assignments.audit.entries.canonical import timestamp
from assignments.audit.entries.readable import Party, ReadableEntry
from assignments.audit.search.query import Query
from assignments.audit.search.search import find

MAX_LIMIT: Final = 500
type JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One page of matching entries, newest first.

    :ivar count: how many entries match; a lower bound if `is_capped`
    :ivar next_before: `before` of the next page, None on the last page
    """

    search: str
    count: int
    is_capped: bool
    next_before: int | None
    entries: list[JsonObject]


def fetch_results(query: Query, *, before: int | None, limit: int) -> ResultPage:
    """Return a page of the newest matching entries.

    :param before: only entries with a smaller number
    """
    result = find(query)
    lines, next_before = result.fetch_page(before=before, limit=limit)
    count, is_capped = result.count()
    entries = [_entry_as_json(line) for line in lines]
    return ResultPage(str(query), count, is_capped, next_before, entries)


def _entry_as_json(line: ReadableEntry) -> JsonObject:
    return {
        "entry": line.seq,
        "at": timestamp(line.at),
        "sentence": f"{line.actor} {line.sentence}",
        "actor": _person_as_json(line.actor),
        "people": [_person_as_json(person) for person in line.people],
        "action": line.action,
        "result": line.result,
        "batch": line.batch_number,
        "leaf": line.leaf,
        "body": line.body,
    }


def _person_as_json(person: Party) -> JsonObject:
    return {
        "ref": person.ref,
        "name": person.name,
        "email": person.email,
        "reference": person.reference,
        "is_erased": person.is_erased,
    }
