"""Choose rows of a file to leave out: hidden ones, and those with a value such as “Terminated”."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from assignments.services.picking.identifier_forms import comparable
from assignments.services.picking.uploads.column_headings import column_named
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.reader import Row

MAX_VALUES: Final = 12
MAX_COLUMNS: Final = 5
LONGEST_VALUE: Final = 100
# Stands for every value of a column of many, such as the days of “Terminated on”.
ANY_VALUE: Final = "*"
# English, German, French, Spanish, Portuguese, Italian, Dutch and Polish.
_STATUS_HEADING: Final = re.compile(
    r"status|\bstate\b|terminat|leaver|leaving|\bleft\b|inactive|\bactive|employment|exit|on leave"
    r"|austritt|ausgeschieden|gekündigt|aktiv|statut|sortie|\bdépart\b|actif|estado|situaç|\bbaja\b"
    r"|activo|ativo|deslig|demiss|stato|cessat|attiv|uit dienst|actief|zwolni|aktywn",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RowChoice:
    """Which rows of a file are left out.

    :ivar uses_hidden: whether rows that the sheet hides are used
    :ivar values: pairs of a column's index and a value whose rows are left out, or ANY_VALUE
    """

    uses_hidden: bool = False
    values: frozenset[tuple[int, str]] = frozenset()

    def used(self, rows: Iterable[Row], hidden_rows: Sequence[int]) -> Iterator[Row]:
        """Yield the rows that are used.

        :param hidden_rows: the positions of hidden rows, from 1
        """
        left_out = frozenset() if self.uses_hidden else frozenset(hidden_rows)
        for position, row in enumerate(rows, 1):
            if position not in left_out and not self._has_value(row[1]):
                yield row

    def _has_value(self, cells: Sequence[str]) -> bool:
        return any(
            _matches(cells[column] if column < len(cells) else "", value)
            for column, value in self.values
        )


class StatusValues:
    """Counts the values of columns by which rows may be left out, while the rows are read."""

    def __init__(self, heading: Sequence[str]) -> None:
        columns = [n for n, name in enumerate(heading) if _STATUS_HEADING.search(name)]
        self._counters = {n: Counter[str]() for n in columns[:MAX_COLUMNS]}

    def count(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows and count their values."""
        for number, cells in rows:
            for column, counter in self._counters.items():
                value = _value(cells[column] if column < len(cells) else "")
                is_counted = not value or value in counter or len(counter) <= MAX_VALUES
                counter[value if is_counted else ANY_VALUE] += 1
            yield number, cells

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many rows have each value, by the column's index, if they differ."""
        counts = {str(n): _by_frequency(counter) for n, counter in self._counters.items()}
        return {column: values for column, values in counts.items() if len(values) > 1}


def named_values(texts: Iterable[str], heading: Sequence[str]) -> frozenset[tuple[int, str]]:
    """Return the column and value of each text such as “Status=Terminated”.

    :raises UploadRefused: if a text has no equals sign, or there is not one such column
    """
    pairs = [text.partition("=") for text in texts]
    if missing := [name for name, sign, _ in pairs if not sign]:
        raise UploadRefused(
            f"Write “{missing[0]}” as COLUMN=VALUE, such as Status=Terminated, to leave out rows."
        )
    return frozenset((column_named(name, heading), value.strip()) for name, _, value in pairs)


def unused_values(choice: RowChoice, rows: Iterable[Row]) -> list[tuple[int, str]]:
    """Return the columns and values of a choice that no row has."""
    unused = set(choice.values)
    for _, cells in rows:
        unused = {
            (column, value)
            for column, value in unused
            if not _matches(cells[column] if column < len(cells) else "", value)
        }
    return sorted(unused)


def _matches(cell: str, value: str) -> bool:
    is_any = value == ANY_VALUE
    return bool(cell) if is_any else comparable(_value(cell)) == comparable(_value(value))


def _value(cell: str) -> str:
    """Return the start of a cell on one line, as browsers send line breaks in another form."""
    return " ".join(cell[:LONGEST_VALUE].split())


def _by_frequency(counter: Counter[str]) -> dict[str, int]:
    values = dict(counter.most_common())
    empty = values.pop("", 0)
    if len(values) > MAX_VALUES or ANY_VALUE in values:
        return {ANY_VALUE: sum(values.values()), "": empty} if empty else {}
    return values | ({"": empty} if empty else {})
