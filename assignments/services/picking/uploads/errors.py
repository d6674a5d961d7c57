"""The exception for files that cannot be used, and what to do if the heading is missing."""

from typing import Final

ADD_A_HEADING: Final = (
    "Put a row with the names of the columns above it, or paste the list instead."
)


class UploadRefused(Exception):
    """Nothing of the file was used; the message says why and what to do."""
