"""The words of a file that each name a person: a column under a heading, or simply a list."""

from typing import BinaryIO, Final

from assignments.services.picking.pasted_lists.tokens import normal, tokens
from assignments.services.picking.uploads import file_types, reader
from assignments.services.picking.uploads.column_detection import SAMPLE, guess
from assignments.services.picking.uploads.errors import UploadRefused

MOST: Final = reader.MOST_ROWS


def names(account_pk: int, file: BinaryIO) -> list[str]:
    """Return what names a person in each row, from the column that names most, or every word.

    :raises UploadRefused: if the file is neither a table nor a list
    """
    try:
        (_, heading), *rows = reader.table(file)
    except UploadRefused:
        if file_types.is_workbook(file):
            raise
        return _listed(file)
    found = guess(account_pk, heading, [cells for _, cells in rows[:SAMPLE]])
    column = found.columns.person
    if not found.people[column][0] and not file_types.is_workbook(file):
        return _listed(file)
    return [cells[column] for _, cells in rows if column < len(cells) and cells[column]]


def _listed(file: BinaryIO) -> list[str]:
    name = file_types.encoding(file)
    file.seek(0)
    text = file.read().decode(name)
    return [token.text for token in tokens(normal(text), most=MOST)]
