"""Walking through the pages of a list: bounded, and never in a circle."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from assignments.stackone.errors import OutcomeUnknown
from assignments.stackone.reading import items, mapping, text
from assignments.stackone.resources import Page

Fetch = Callable[[Mapping[str, str]], object]

PAGE_SIZE: Final = "100"
MOST_PAGES: Final = 100_000


def walk[Item](
    fetch: Fetch, reader: Callable[[Mapping[str, object]], Item], cursor: str | None
) -> Iterator[Page[Item]]:
    """Yield page after page until the cursor is null or empty; short pages are normal.

    :raises OutcomeUnknown: if a page repeats the ids of the one before: one provider's cursor
        changed its text on each answer and never advanced
    """
    before: list[str | None] = []
    for _ in range(MOST_PAGES):
        answer = mapping(fetch(_asked(cursor)))
        if not isinstance(answer.get("data"), list):
            raise OutcomeUnknown("The answer is not a list in the agreed form.")
        found = [mapping(entry) for entry in items(answer["data"])]
        ids = [text(entry.get("id")) for entry in found]
        if ids and ids == before:
            raise OutcomeUnknown("The LMS sends the same page again and again.")
        cursor, before = text(answer.get("next")), ids
        yield Page(tuple(reader(entry) for entry in found), cursor)
        if cursor is None:
            return
    raise OutcomeUnknown("The list has no end.")


def _asked(cursor: str | None) -> dict[str, str]:
    size = {"page_size": PAGE_SIZE}
    return {**size, "next": cursor} if cursor else size
