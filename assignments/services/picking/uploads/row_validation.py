"""Every row of a file checked: what it adds, or why it adds nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from assignments.models import Content
from assignments.queries.formatting import short_day
from assignments.services.picking.pasted_lists.people_lookup import Fit, People
from assignments.services.picking.uploads import dates
from assignments.services.picking.uploads.column_detection import Columns
from assignments.services.picking.uploads.contents import Contents
from assignments.services.picking.uploads.reader import Row

LAST_YEAR: Final = 2100


class RowRefused(Exception):
    """A row adds nothing; the message says why."""

    def __init__(self, reason: str, fit: Fit = Fit.NOT_FOUND) -> None:
        super().__init__(reason)
        self.fit = fit


@dataclass(slots=True)
class Checked:
    """What became of each row; the four parts add up to what was given."""

    found: dict[tuple[int, int | None], tuple[date | None, int]] = field(default_factory=dict)
    twice: int = 0
    inactive: int = 0
    refused: list[tuple[Row, str]] = field(default_factory=list)

    @property
    def given(self) -> int:
        """How many rows there were."""
        return len(self.found) + self.twice + len(self.refused)


class Check:
    """Checks the rows of a file whose columns are known."""

    def __init__(
        self,
        account_pk: int,
        heading: Sequence[str],
        columns: Columns,
        rows: Iterable[Row],
        *,
        today: date,
    ) -> None:
        self._heading, self._columns, self._today = heading, columns, today
        names, items = set[str](), set[str]()
        for _, cells in rows:
            names.add(_cell(cells, columns.person))
            items.add(_cell(cells, columns.content))
        self._people = People(account_pk, names)
        self._contents = Contents(account_pk, items - {""})

    def rows(self, rows: Iterable[Row]) -> Checked:
        """Return what becomes of each of the rows."""
        result = Checked()
        for row in rows:
            try:
                self._row(row, result)
            except RowRefused as refusal:
                result.refused.append((row, str(refusal)))
                result.inactive += refusal.fit is Fit.INACTIVE
        return result

    def _row(self, row: Row, result: Checked) -> None:
        number, cells = row
        if any(cells[len(self._heading) :]):
            raise RowRefused(
                f"It has {len(cells):,} cells and the heading {len(self._heading):,}: probably a "
                "separator in a text without quotation marks."
            )
        key = self._learner(cells), self._content(cells)
        due = self._due(cells)
        before = result.found.setdefault(key, (due, number))
        if before[1] == number:
            return
        if before[0] != due:
            raise RowRefused(
                f"Row {before[1]:,} gives them the same item, due {_in_words(before[0])}."
            )
        result.twice += 1

    def _learner(self, cells: Sequence[str]) -> int:
        word = _cell(cells, self._columns.person)
        if not word:
            raise RowRefused(f"“{self._heading[self._columns.person]}” is empty.")
        answer = self._people.named(word)
        if answer.person is None or answer.problem:
            raise RowRefused(answer.problem, answer.fit)
        return answer.person.pk

    def _content(self, cells: Sequence[str]) -> int | None:
        if self._columns.content is None:
            return None
        word = _cell(cells, self._columns.content)
        if not word:
            raise RowRefused(f"“{self._heading[self._columns.content]}” is empty.")
        content: Content | None
        content, problem = self._contents.named(word)
        if content is None:
            raise RowRefused(problem)
        return content.pk

    def _due(self, cells: Sequence[str]) -> date | None:
        word = _cell(cells, self._columns.due)
        if not word:
            return None
        due = dates.day(word, day_first=self._columns.day_first)
        if due is None or due.year >= LAST_YEAR:
            raise RowRefused(f"“{word[:40]}” is not a day. Write it as 2027-01-15.")
        if due < self._today:
            raise RowRefused(f"{short_day(due)} has passed. Choose a day that is today or later.")
        return due


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


def _in_words(due: date | None) -> str:
    return short_day(due) if due else "on no day of its own"
