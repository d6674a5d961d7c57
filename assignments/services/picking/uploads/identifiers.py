"""Read identifiers of people from a file: a column of a table, or every word of a plain list."""

from typing import BinaryIO, Final

from assignments.services.picking.pasted_lists.tokens import normalise, tokenise
from assignments.services.picking.uploads import file_types, reader
from assignments.services.picking.uploads.column_detection import SAMPLE, detect_columns
from assignments.services.picking.uploads.errors import UploadRefused

MAX_IDENTIFIERS: Final = reader.MAX_ROWS


def read_identifiers(account_pk: int, file: BinaryIO) -> list[str]:
    """Return the cells of the column with the most people, or every word if it is a list.

    :raises UploadRefused: if the file is neither a table nor a list
    """
    try:
        (_, heading), *rows = reader.read_table(file)
    except UploadRefused:
        if file_types.is_workbook(file):
            raise
        return _read_words(file)
    sample = [cells for _, cells in rows[:SAMPLE]]
    detection = detect_columns(account_pk, heading, sample)
    column = detection.columns.person
    people_count, _ = detection.people_counts[column]
    if not people_count and not file_types.is_workbook(file):
        return _read_words(file)
    return [cells[column] for _, cells in rows if column < len(cells) and cells[column]]


def _read_words(file: BinaryIO) -> list[str]:
    encoding = file_types.detect_encoding(file)
    file.seek(0)
    text = file.read().decode(encoding)
    return [token.text for token in tokenise(normalise(text), limit=MAX_IDENTIFIERS)]
