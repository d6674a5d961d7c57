"""Read a list of identifiers without a heading, such as one e-mail a line, as a table."""

from typing import BinaryIO, Final

from assignments.services.picking.pasted_lists.tokens import normalise, tokenise
from assignments.services.picking.uploads import file_types
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.reader import MAX_ROWS, Table, refuse_large

HEADING: Final = "E-mail or ID"


def open_list(file: BinaryIO) -> Table:
    """Return a table of one column: a word of each line, or all words of the only line.

    :raises UploadRefused: if the file is too large, or no such list
    """
    refuse_large(file)
    encoding = file_types.detect_encoding(file)
    file.seek(0)
    tokens = tokenise(normalise(file.read().decode(encoding)), limit=MAX_ROWS + 1)
    lines = [token.line for token in tokens]
    is_one_line = len(set(lines)) == 1
    if len(tokens) > MAX_ROWS or not (is_one_line or len(set(lines)) == len(tokens) > 0):
        raise UploadRefused("A list without a heading has one e-mail or ID on each line.")
    numbers = range(1, len(tokens) + 1) if is_one_line else lines
    words = ([token.text] for token in tokens)
    return Table(
        heading=[HEADING],
        heading_row=0,
        rows=zip(numbers, words, strict=True),
        sheet="",
        other_sheets=[],
    )
