"""Walking through a list page by page, to its end and never in a circle."""

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from assignments.stackone.errors import OutcomeUnknown
from assignments.stackone.resources import Page

PAGE_SIZE: Final = "100"
MOST_PAGES: Final = 20_000


class Identified(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str | None:
        """Return the id, if it is known."""
        ...


def walk[Item: Identified](
    fetch: Callable[[str | None], Page[Item]], cursor: str | None, most: int = MOST_PAGES
) -> Iterator[Page[Item]]:
    """Yield the pages from a cursor on, or from the start; each has the cursor to go on from.

    Short and empty pages are normal; only a page without a cursor is the last one.

    :raises OutcomeUnknown: the list does not advance, or does not end
    """
    before: frozenset[str] = frozenset()
    for _ in range(most):
        page = fetch(cursor)
        ids = frozenset(item.id for item in page.items if item.id)
        # Cursors change with every answer even where the place does not, so the ids must tell.
        if page.next and (page.next == cursor or (ids and ids <= before)):
            raise OutcomeUnknown("The list does not advance: StackOne repeats the same page.")
        yield page
        if not page.next:
            return
        before, cursor = ids or before, page.next
    raise OutcomeUnknown(f"The list does not end: {most:,} pages were read.")
