"""Columns that somebody chose for a file: validated, and remembered in the draft."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256

from assignments.models import Draft
from assignments.services.picking.uploads.column_detection import Columns
from assignments.services.picking.uploads.errors import UploadRefused


def validate(columns: Columns, width: int) -> None:
    """Check columns against the number of columns of the file.

    :raises UploadRefused: if the file has no such columns, or they contradict each other
    """
    named = [n for n in (columns.person, columns.content, columns.due) if n is not None]
    chosen = [*named, *columns.of_terms.values()]
    if not all(0 <= n < width for n in chosen):
        raise UploadRefused("Choose columns that the file has.")
    if len(set(chosen)) < len(chosen):
        raise UploadRefused(
            "Choose a different column for each: people, content, due date, fields."
        )
    if columns.content is None and len(chosen) > 1:
        raise UploadRefused("Choose the column with the content as well, or no due date column.")


def remember(draft: Draft, heading: Sequence[str], columns: Columns) -> None:
    """Remember the columns for the next file of the draft with this heading."""
    draft.file_columns[_key(heading)] = asdict(columns)
    draft.save(update_fields=["file_columns"])


def remembered(draft: Draft, heading: Sequence[str]) -> Columns | None:
    """Return the columns that were chosen in this draft for a file with this heading, or None."""
    columns = draft.file_columns.get(_key(heading))
    return None if columns is None else Columns(**columns)


def _key(heading: Sequence[str]) -> str:
    """Return a hash of a heading; headings themselves are not kept."""
    names = [name.casefold() for name in heading]
    return sha256(json.dumps(names).encode()).hexdigest()[:16]
