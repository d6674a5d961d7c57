"""The exception for files that cannot be used, and what to do about some of its reasons."""

from typing import Final

ADD_A_HEADING: Final = (
    "Put a row with the names of the columns above it, or paste the list instead."
)
# The limit of Python's `csv`, for workbooks too.
MAX_CELL: Final = 131_072
TOO_LONG: Final = (
    f"A cell of this file has more than {MAX_CELL:,} characters. Shorten it, or leave its column "
    "out. In a CSV file, a quotation mark may be missing."
)


class UploadRefused(Exception):
    """Nothing of the file was used; the message says why and what to do."""
