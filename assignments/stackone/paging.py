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


class Walk:
    """Where a walk through a list stands; short and empty pages are normal on the way.

    :ivar cursor: the place of the page to fetch next; None for the first
    :ivar is_over: whether there is none, because only a page without a cursor is the last one
    """

    def __init__(self, cursor: str | None, most: int = MOST_PAGES) -> None:
        self.cursor = cursor
        self.is_over = False
        self._most = self._left = most
        self._before: frozenset[str] = frozenset()

    def note[Item: Identified](self, page: Page[Item]) -> None:
        """Go on from a page that was fetched.

        :raises OutcomeUnknown: the list does not advance
        """
        ids = frozenset(item.id for item in page.items if item.id)
        # Cursors change with every answer even where the place does not, so the ids must tell.
        if page.next and (page.next == self.cursor or (ids and ids <= self._before)):
            raise OutcomeUnknown("The list does not advance: StackOne repeats the same page.")
        self.is_over, self.cursor, self._before = not page.next, page.next, ids or self._before
        self._left -= 1

    def check(self) -> None:
        """Refuse to go on for ever.

        :raises OutcomeUnknown: the list does not end
        """
        if not self._left:
            raise OutcomeUnknown(f"The list does not end: {self._most:,} pages were read.")


def walk[Item: Identified](
    fetch: Callable[[str | None], Page[Item]], cursor: str | None, most: int = MOST_PAGES
) -> Iterator[Page[Item]]:
    """Yield the pages from a cursor on, or from the start; each has the cursor to go on from.

    :raises OutcomeUnknown: the list does not advance, or does not end
    """
    way = Walk(cursor, most)
    while not way.is_over:
        way.check()
        page = fetch(way.cursor)
        way.note(page)
        yield page
