"""Iterate over a list page by page, to its end and never in a circle."""

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from assignments.stackone.errors import EndlessList
from assignments.stackone.resources import Page

PAGE_SIZE: Final = "100"
MAX_PAGES: Final = 20_000
# Of the assignments of one user: 20,000, more than anybody has.
MAX_USER_PAGES: Final = 200
# A provider that filters after paging returns many empty pages; a longer list may have more.
MAX_EMPTY_PAGES: Final = 50
# Records that move while a list is read can make a page or two of records that were read before.
MAX_REPEATED_PAGES: Final = 3
NO_PROGRESS: Final = "The list does not advance: StackOne repeats the same page."


class Identified(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str | None:
        """Return the id, or None if the API left it out."""
        ...


class Pagination:
    """Position in a list; short and empty pages before its end are normal.

    Whether the list advances is decided by the records on its pages: a cursor may be another one
    for the same page, or the same one for another page.

    :param max_empty_pages: how many empty pages may follow one another
    :ivar cursor: cursor of the page to fetch next; None for the first page
    :ivar is_finished: whether the last page, which has no cursor, was reached
    """

    def __init__(
        self,
        cursor: str | None = None,
        max_pages: int = MAX_PAGES,
        max_empty_pages: int = MAX_EMPTY_PAGES,
    ) -> None:
        self.cursor = cursor
        self.is_finished = False
        self._max_pages = self._pages_left = max_pages
        self._max_empty_pages = max_empty_pages
        self._previous_ids: frozenset[str] = frozenset()
        # Hashes of ids take a fraction of the memory: a list may have a million records.
        self._read_hashes: set[int] = set()
        self._empty_pages = self._repeated_pages = 0

    def advance[Item: Identified](self, page: Page[Item]) -> None:
        """Move past a page that was fetched.

        :raises EndlessList: the page and those before it bring nothing new
        """
        ids = frozenset(item.id for item in page.items if item.id)
        if page.next and self._is_stuck(ids, page.next):
            raise EndlessList(NO_PROGRESS)
        self.is_finished, self.cursor = not page.next, page.next
        self._previous_ids = ids or self._previous_ids
        self._pages_left -= 1

    def check_page_limit(self) -> None:
        """Check that another page may be fetched.

        :raises EndlessList: the list has more than `max_pages` pages
        """
        if not self._pages_left:
            raise EndlessList(f"The list does not end: {self._max_pages:,} pages were read.")

    def _is_stuck(self, ids: frozenset[str], following: str) -> bool:
        """Return whether nothing shows that the list advances, and remember the page's ids."""
        hashes = {hash(remote_id) for remote_id in ids}
        if hashes - self._read_hashes:
            self._read_hashes |= hashes
            self._empty_pages = self._repeated_pages = 0
            return False
        if ids:
            self._repeated_pages += 1
        else:
            self._empty_pages += 1
        return (
            following == self.cursor
            or (bool(ids) and ids <= self._previous_ids)
            or self._repeated_pages >= MAX_REPEATED_PAGES
            or self._empty_pages > self._max_empty_pages
        )


def iterate_pages[Item: Identified](
    fetch: Callable[[str | None], Page[Item]], position: Pagination
) -> Iterator[Page[Item]]:
    """Yield the pages from a position, which moves on; each page has the cursor of the next.

    :raises EndlessList: the list does not advance, or does not end
    """
    while not position.is_finished:
        position.check_page_limit()
        page = fetch(position.cursor)
        position.advance(page)
        yield page
