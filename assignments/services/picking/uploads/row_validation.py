"""Validate the rows of an uploaded file: what each adds to the draft, or why it is invalid."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from assignments.queries.formatting import short_day
from assignments.services.picking.pasted_lists.people_lookup import MatchStatus, PeopleLookup
from assignments.services.picking.uploads import broken_rows
from assignments.services.picking.uploads.column_detection import Columns
from assignments.services.picking.uploads.content_lookup import ContentLookup
from assignments.services.picking.uploads.first_table import FirstTable
from assignments.services.picking.uploads.reader import Row
from assignments.services.planning import due_dates
from assignments.services.planning.due_cautions import RowsDue
from assignments.services.planning.due_dates import DateOrder
from assignments.services.planning.term_parsing import TERM_PARSERS, TermRefused
from assignments.services.planning.written_dates import has_two_numbers_first

MAX_NUMBERS: Final = 5

# Learner and content by primary key; content is None in a file of people only.
type Pair = tuple[int, int | None]


class InvalidRow(Exception):
    """A row cannot be used; the message says why."""

    def __init__(self, reason: str, status: MatchStatus = MatchStatus.UNMATCHED) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class ValidationResult:
    """The outcome of every row: valid, duplicate or invalid.

    :ivar valid: due date and row number by learner and content
    :ivar terms: the terms that rows have of their own, by learner and content
    :ivar inactive_numbers: the numbers of the invalid rows that are about inactive people
    """

    valid: dict[Pair, tuple[date | None, int]] = field(default_factory=dict)
    terms: dict[Pair, dict[str, object]] = field(default_factory=dict)
    duplicate_count: int = 0
    inactive_numbers: list[int] = field(default_factory=list)
    invalid: list[tuple[Row, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """The number of rows that were validated."""
        return len(self.valid) + self.duplicate_count + len(self.invalid)

    @property
    def rows_due(self) -> list[RowsDue]:
        """The valid rows of each due date, with the numbers of the first ones."""
        numbers: defaultdict[date, list[int]] = defaultdict(list)
        for due_date, number in self.valid.values():
            if due_date:
                numbers[due_date].append(number)
        return [RowsDue(day, len(rows), _name_rows(rows)) for day, rows in numbers.items()]


class RowValidator:
    """Validates the rows of a file whose columns were confirmed.

    :param rows: the rows of the file, from which all people and content are read in advance
    :param order: how to read dates such as 03/04/2027
    :param today: the earliest due date, in the organisation's time zone
    """

    def __init__(
        self,
        account_pk: int,
        heading: Sequence[str],
        columns: Columns,
        rows: Iterable[Row],
        *,
        order: DateOrder,
        today: date,
    ) -> None:
        self._heading, self._columns, self._today = heading, columns, today
        self._order, self._term_columns = order, columns.of_terms
        self._table = FirstTable(heading)
        people, contents = set[str](), set[str]()
        for _, cells in rows:
            people.add(_cell(cells, columns.person))
            people.update(broken_rows.swallowed_cells(cells, len(heading)))
            contents.add(_cell(cells, columns.content))
        self._people = PeopleLookup(account_pk, people)
        self._contents = ContentLookup(account_pk, contents - {""})

    def validate(self, rows: Iterable[Row]) -> ValidationResult:
        """Return the outcome of every row."""
        result = ValidationResult()
        for row in rows:
            try:
                self._add(row, result)
            except InvalidRow as error:
                result.invalid.append((row, str(error)))
                if error.status is MatchStatus.INACTIVE:
                    result.inactive_numbers.append(row[0])
        return result

    def _add(self, row: Row, result: ValidationResult) -> None:
        number, cells = row
        broken = broken_rows.why_broken(cells, len(self._heading), self._people)
        if reason := self._table.why_outside(row) or (broken and f"It {broken}"):
            raise InvalidRow(reason)
        pair = self._learner(cells), self._content(cells)
        due_date, terms = self._due_date(cells), self._terms(cells)
        first_due_date, first_number = result.valid.setdefault(pair, (due_date, number))
        if first_number == number:
            if terms:
                result.terms[pair] = terms
            return
        if first_due_date != due_date:
            due = f"due {short_day(first_due_date)}" if first_due_date else "without a due date"
            raise InvalidRow(f"Row {first_number:,} has the same person and item, {due}.")
        if result.terms.get(pair, {}) != terms:
            raise InvalidRow(
                f"Row {first_number:,} has the same person and item, otherwise filled."
            )
        result.duplicate_count += 1

    def _learner(self, cells: Sequence[str]) -> int:
        identifier = _cell(cells, self._columns.person)
        if not identifier:
            raise InvalidRow(f"“{self._heading[self._columns.person]}” is empty.")
        match = self._people.find(identifier)
        if match.person is None or match.problem:
            raise InvalidRow(match.problem, match.status)
        return match.person.pk

    def _content(self, cells: Sequence[str]) -> int | None:
        if self._columns.content is None:
            return None
        identifier = _cell(cells, self._columns.content)
        if not identifier:
            raise InvalidRow(f"“{self._heading[self._columns.content]}” is empty.")
        content, problem = self._contents.find(identifier)
        if content is None:
            raise InvalidRow(problem)
        return content.pk

    def _terms(self, cells: Sequence[str]) -> dict[str, object]:
        """Return the terms that the row has of its own."""
        if not self._term_columns:
            return {}
        try:
            values = {
                name: TERM_PARSERS[name](_cell(cells, column))
                for name, column in self._term_columns.items()
            }
        except TermRefused as refusal:
            raise InvalidRow(str(refusal)) from refusal
        return {name: value for name, value in values.items() if value not in {None, ""}}

    def _due_date(self, cells: Sequence[str]) -> date | None:
        text = _cell(cells, self._columns.due)
        if not text:
            return None
        try:
            due_date = due_dates.parse_due_date(text, today=self._today, order=self._order)
        except due_dates.DueDateTooFar as refusal:
            raise InvalidRow(str(refusal)) from refusal
        except due_dates.DueDateRefused as refusal:
            reason = f"“{text[:40]}” is {self._why_no_date(text)}. Write it as 2027-01-15."
            raise InvalidRow(reason) from refusal
        if due_date and due_date < self._today:
            raise InvalidRow(
                f"{short_day(due_date)} has passed. Choose a day that is today or later."
            )
        return due_date

    def _why_no_date(self, text: str) -> str:
        if not has_two_numbers_first(text):
            return "not a date"
        return f"no date with the {self._order.first} first"


def _name_rows(numbers: Sequence[int]) -> str:
    first = ", ".join(f"{number:,}" for number in numbers[:MAX_NUMBERS])
    others = len(numbers) - MAX_NUMBERS
    return f"{'rows' if len(numbers) > 1 else 'row'} {first}" + (
        f" and {others:,} more" if others > 0 else ""
    )


def _cell(cells: Sequence[str], column: int | None) -> str:
    return cells[column] if column is not None and column < len(cells) else ""
