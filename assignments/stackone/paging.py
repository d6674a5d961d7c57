"""Iterate over a list page by page, to its end and never in a circle."""

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from assignments.stackone.errors import OutcomeUnknown
from assignments.stackone.resources import Page

PAGE_SIZE: Final = "100"
MAX_PAGES: Final = 20_000


class Identified(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str | None:
        """Return the id, or None if the API left it out."""
        ...


class Pagination:
    """Position in a list; short and empty pages before its end are normal.

    :ivar cursor: cursor of the page to fetch next; None for the first page
    :ivar is_finished: whether the last page, which has no cursor, was reached
    """

    def __init__(self, cursor: str | None, max_pages: int = MAX_PAGES) -> None:
        self.cursor = cursor
        self.is_finished = False
        self._max_pages = self._pages_left = max_pages
        self._previous_ids: frozenset[str] = frozenset()

    def advance[Item: Identified](self, page: Page[Item]) -> None:
        """Move past a page that was fetched.

        :raises OutcomeUnknown: the page repeats the one before
        """
        ids = frozenset(item.id for item in page.items if item.id)
        # The API makes a new cursor for every response, even for the same page: compare the ids.
        is_repeated = page.next == self.cursor or (bool(ids) and ids <= self._previous_ids)
        if page.next and is_repeated:
            raise OutcomeUnknown("The list does not advance: StackOne repeats the same page.")
        self.is_finished, self.cursor = not page.next, page.next
        self._previous_ids = ids or self._previous_ids
        self._pages_left -= 1

    def check_page_limit(self) -> None:
        """Check that another page may be fetched.

        :raises OutcomeUnknown: the list has more than `max_pages` pages
        """
        if not self._pages_left:
            raise OutcomeUnknown(f"The list does not end: {self._max_pages:,} pages were read.")


def iterate_pages[Item: Identified](
    fetch: Callable[[str | None], Page[Item]], cursor: str | None, max_pages: int = MAX_PAGES
) -> Iterator[Page[Item]]:
    """Yield the pages from a cursor, or from the start; each page has the cursor of the next.

    :raises OutcomeUnknown: the list does not advance, or does not end
    """
    pagination = Pagination(cursor, max_pages)
    while not pagination.is_finished:
        pagination.check_page_limit()
        page = fetch(pagination.cursor)
        pagination.advance(page)
        yield page
