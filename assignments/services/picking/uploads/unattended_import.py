"""Use a file in a draft without anybody to confirm its columns: refused if they are not clear."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.db import transaction

from assignments.models import Draft
from assignments.services.picking.uploads import date_order, files
from assignments.services.picking.uploads.column_detection import Columns, PeopleCount
from assignments.services.picking.uploads.date_order import OrderEvidence
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.identifiers import (
    column_named,
    only_person_column,
    unread_notes,
)
from assignments.services.picking.uploads.row_choice import RowChoice, named_values


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How to read a file.

    :ivar column: the heading of the column with the people; empty to detect it
    :ivar sheet: the sheet of a workbook; empty for the one that fits best
    :ivar uses_hidden: whether rows are used that a sheet hides
    :ivar left_out: texts such as “Status=Terminated” about rows that are left out
    :ivar dates: a `DateOrder` for dates such as 03/04/2027, or "" to judge by the column
    """

    column: str = ""
    sheet: str = ""
    uses_hidden: bool = False
    left_out: Iterable[str] = ()
    dates: str = ""


@transaction.atomic
def import_people_and_items(
    *, draft: Draft, file: BinaryIO, name: str, options: ReadingOptions, now: datetime
) -> list[str]:
    """Add the rows of a file of people and items, and return what is unusual about them.

    :raises UploadRefused: if it is not clear which columns are meant, or a row cannot be used
    :raises DraftRefused: if there would be more people than a batch can hold
    """
    upload = files.store_file(draft=draft, file=file, name=name, sheet=options.sheet, now=now)
    heading, candidates = upload.heading, upload.candidates
    counts = [PeopleCount(*count) for count in upload.people_counts]
    columns = Columns(
        person=(
            column_named(options.column, heading)
            if options.column
            else only_person_column(heading, candidates["person"], counts)
        ),
        content=_only_column(heading, candidates["content"], "items"),
        due=_only_column(heading, candidates["due"], "due dates"),
        dates=options.dates,
    )
    if columns.content is None:
        raise UploadRefused("No column names items. Add --content.")
    due_heading = "" if columns.due is None else heading[columns.due]
    sentence = date_order.contradiction(due_heading, OrderEvidence(*upload.date_order))
    if sentence and not options.dates:
        raise UploadRefused(f"{sentence} Add --dates day-first or --dates month-first.")
    choice = RowChoice(
        uses_hidden=options.uses_hidden, values=named_values(options.left_out, heading)
    )
    result = files.import_rows(upload=upload, columns=columns, choice=choice, now=now)
    if result.invalid:
        (number, _), reason = result.invalid[0]
        raise UploadRefused(
            f"{len(result.invalid):,} of {result.total:,} rows cannot be used, first row "
            f"{number:,}: {reason}"
        )
    hidden_count = 0 if options.uses_hidden else len(upload.hidden_rows)
    notes = unread_notes(hidden_count, upload.sheet, upload.other_sheets)
    return [*notes, *(upload.result or {})["notes"]]


def _only_column(heading: Sequence[str], candidates: Sequence[int], what: str) -> int | None:
    """Return the only candidate, or None without one."""
    if len(candidates) > 1:
        names = ", ".join(f"“{heading[n]}”" for n in candidates)
        raise UploadRefused(f"Several columns hold {what}: {names}. Leave all but one out.")
    return candidates[0] if candidates else None
