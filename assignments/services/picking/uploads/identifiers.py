"""Read identifiers of people from a file: a column of a table, or every word of a plain list."""

from collections.abc import Iterable, Sequence
from typing import BinaryIO, Final, NamedTuple

from assignments.services.picking.identifier_forms import comparable
from assignments.services.picking.pasted_lists.tokens import normalise, tokenise
from assignments.services.picking.uploads import file_types, reader
from assignments.services.picking.uploads.column_detection import (
    SAMPLE,
    PeopleCount,
    detect_columns,
    people_columns,
)
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.row_choice import RowChoice, named_values

MAX_IDENTIFIERS: Final = reader.MAX_ROWS


class Identifiers(NamedTuple):
    """The identifiers of a file, and sentences about what was not read of it."""

    words: list[str]
    notes: list[str]


def read_identifiers(
    account_pk: int,
    file: BinaryIO,
    *,
    column: str = "",
    sheet: str = "",
    uses_hidden: bool = False,
    left_out: Iterable[str] = (),
) -> Identifiers:
    """Return the cells of the column that names the people, or every word if it is a list.

    :param column: the heading of that column; empty to detect it
    :param sheet: the sheet of a workbook; empty for the one that fits best
    :param uses_hidden: whether rows are read that a sheet hides
    :param left_out: texts such as “Status=Terminated” about rows that are left out
    :raises UploadRefused: if the file is neither a table nor a list, if it has no such column, or
        if it is not clear which column names the people
    """
    try:
        table = reader.open_table(account_pk, file, sheet)
        rows = list(table.rows)
    except UploadRefused:
        if column or sheet or left_out or file_types.is_workbook(file):
            raise
        return _read_words(file)
    choice = RowChoice(uses_hidden=uses_hidden, values=named_values(left_out, table.heading))
    used_rows = [cells for _, cells in choice.used(rows, table.hidden_rows)]
    if column:
        person: int | None = column_named(column, table.heading)
    else:
        person = _detected_column(account_pk, table.heading, used_rows[:SAMPLE])
    if person is None:
        return _read_list(file)
    words = [cells[person] for cells in used_rows if person < len(cells) and cells[person]]
    hidden_count = 0 if uses_hidden else len(table.hidden_rows)
    return Identifiers(words, unread_notes(hidden_count, table.sheet, table.other_sheets))


def unread_notes(hidden_count: int, sheet: str, other_sheets: Sequence[str]) -> list[str]:
    """Return sentences about rows that were left out as hidden, and sheets that were not read."""
    notes = []
    if hidden_count:
        notes.append(
            f"{hidden_count:,} hidden rows were left out. Add --hidden-rows use to use them."
        )
    if other_sheets:
        notes.append(
            f"Only the sheet “{sheet}” was read; {', '.join(other_sheets)} have rows "
            "too. Name another with --sheet."
        )
    return notes


def column_named(column: str, heading: Sequence[str]) -> int:
    """Return the index of the column with this heading.

    :raises UploadRefused: if there is none, or several
    """
    names, wanted = list(map(comparable, heading)), comparable(column)
    if names.count(wanted) != 1:
        raise UploadRefused(f"It has not one column “{column}”; it has {', '.join(heading)}.")
    return names.index(wanted)


def _detected_column(
    account_pk: int, heading: Sequence[str], sample: Sequence[Sequence[str]]
) -> int | None:
    """Return the column that names the people, or None if the file is a list of words."""
    try:
        detection = detect_columns(account_pk, heading, sample)
    except UploadRefused:
        if len(heading) > 1:
            raise
        return None
    if not any(count.people for count in detection.people_counts):
        return None
    return only_person_column(heading, detection.person, detection.people_counts)


def only_person_column(
    heading: Sequence[str], candidates: Sequence[int], people_counts: Sequence[PeopleCount]
) -> int:
    """Return the only candidate for the column of people.

    :raises UploadRefused: if there are several or none
    """
    if len(candidates) != 1:
        raise UploadRefused(
            "It is not clear which column names the people who get the assignments: "
            f"{people_columns(heading, people_counts)}. Add --column with the heading of that "
            "column."
        )
    return candidates[0]


def _read_list(file: BinaryIO) -> Identifiers:
    if file_types.is_workbook(file):
        raise UploadRefused("No column names anybody whom the LMS knows.")
    return _read_words(file)


def _read_words(file: BinaryIO) -> Identifiers:
    encoding = file_types.detect_encoding(file)
    file.seek(0)
    text = file.read().decode(encoding)
    tokens = tokenise(normalise(text), limit=MAX_IDENTIFIERS)
    lines = {token.line for token in tokens}
    if 1 < len(lines) < len(tokens):
        raise UploadRefused(
            "It is neither a table with a heading nor a list: some lines have several words. Put "
            "the names of the columns above it, or one e-mail or ID on each line."
        )
    return Identifiers([token.text for token in tokens], [])
