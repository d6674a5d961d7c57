"""Use a file in a draft without anybody to confirm its columns: refused if they are not clear."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import BinaryIO, Final
from uuid import UUID

from django.db import transaction

from assignments.models import Draft, DraftUpload
from assignments.services.picking.uploads import (
    compression,
    corrections,
    date_order,
    file_types,
    files,
    plain_list,
    unattended_columns,
)
from assignments.services.picking.uploads.column_detection import Columns
from assignments.services.picking.uploads.column_headings import heading_note
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.row_choice import (
    RowChoice,
    named_values,
    unused_values,
)

MAX_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How to read a file.

    :ivar column: the heading of the column with the people; empty to detect it
    :ivar sheet: the sheet of a workbook; empty for the one that fits best
    :ivar uses_hidden: whether rows are used that a sheet hides
    :ivar left_out: texts such as “Status=Terminated” about rows that are left out
    :ivar leaves_refused: whether the other rows are used if some cannot be
    :ivar dates: a `DateOrder` for dates such as 03/04/2027, or "" to judge by the column
    :ivar takes_items: whether the file names items and due dates as well
    :ivar more_columns: the headings of columns with terms of their rows, by the names of the terms
    """

    column: str = ""
    sheet: str = ""
    uses_hidden: bool = False
    left_out: Iterable[str] = ()
    leaves_refused: bool = False
    dates: str = ""
    takes_items: bool = False
    more_columns: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def import_file(
    *, draft: Draft, file: BinaryIO, name: str, options: ReadingOptions, now: datetime
) -> list[str]:
    """Add the rows of a file to a draft, and return sentences about what is unusual about them.

    Rows of inactive people are left out.

    :raises UploadRefused: if it is not clear which columns are meant, or a row cannot be used
    :raises DraftRefused: if there would be more people than a batch can hold
    """
    upload = _stored(draft, file, name, options, now)
    columns = unattended_columns.choose(
        upload, options.column, takes_items=options.takes_items, more=options.more_columns
    )
    _refuse_contradiction(upload, columns.due, options.dates)
    choice = RowChoice(
        uses_hidden=options.uses_hidden, values=named_values(options.left_out, upload.heading)
    )
    columns = replace(columns, dates=options.dates)
    unused = _unused_values(upload, choice)
    files.import_rows(upload=upload, columns=columns, choice=choice, now=now)
    refused = _refused_rows(upload, columns.person, options)
    return [*unused, *_unread(upload, columns, options), *refused, *(upload.result or {})["notes"]]


def row_counts(draft_pk: UUID) -> Mapping[str, int]:
    """Return how many rows of the draft's file were given, and what became of them."""
    upload = DraftUpload.objects.filter(draft=draft_pk).first()
    result = upload.result if upload is not None else None
    names = ("total", "valid", "duplicate", "inactive", "invalid", "left_out")
    return {name: result[name] for name in names} if result else {}


def _stored(
    draft: Draft, file: BinaryIO, name: str, options: ReadingOptions, now: datetime
) -> DraftUpload:
    """Store a table, or else a list of people."""
    try:
        return files.store_file(draft=draft, file=file, name=name, sheet=options.sheet, now=now)
    except UploadRefused as refusal:
        is_table = options.takes_items or options.column or options.sheet or options.left_out
        if is_table or file_types.is_workbook(file):
            raise
        try:
            table = plain_list.open_list(file)
        except UploadRefused as reason:
            raise UploadRefused(f"{refusal} {reason}") from reason
        return files.store_table(draft=draft, table=table, name=name, now=now)


def _unused_values(upload: DraftUpload, choice: RowChoice) -> list[str]:
    """Return a sentence for each value of --leave-out that no row has, as if mistyped."""
    rows = compression.decompress_rows(bytes(upload.compressed_rows))
    return [
        f"No row was left out by “{upload.heading[column]}={value}”, as none has this value."
        for column, value in unused_values(choice, rows)
    ]


def _refuse_contradiction(upload: DraftUpload, due: int | None, dates: str) -> None:
    heading = "" if due is None else upload.heading[due]
    sentence = date_order.contradiction(heading, date_order.OrderEvidence(*upload.date_order))
    if sentence and due is not None and not dates:
        raise UploadRefused(f"{sentence} Add --dates day-first or --dates month-first.")


def _refused_rows(upload: DraftUpload, person: int, options: ReadingOptions) -> list[str]:
    """Return a sentence that names the rows that add nothing, if there are any.

    :raises UploadRefused: if some are not only about inactive people, and shall not be left out
    """
    counts = row_counts(upload.draft_id)
    shown = list(islice(_described(upload, person), MAX_SHOWN))
    hidden = counts["invalid"] + counts["inactive"] - len(shown)
    lines = "\n".join([*shown, *([f"  and {hidden:,} more"] if hidden else [])])
    if counts["invalid"] and not options.leaves_refused:
        raise UploadRefused(
            f"{counts['invalid']:,} of {counts['total']:,} rows cannot be used:\n{lines}\n"
            "Correct them, or add --refused-rows leave to go on without them."
        )
    return [f"Rows that add nothing:\n{lines}"] if shown else []


def _described(upload: DraftUpload, person: int) -> Iterator[str]:
    """Yield each invalid row with its reason and whom it may mean."""
    rows = files.first_invalid_rows(upload, MAX_SHOWN)
    suggestions = corrections.suggestions(upload.draft.account_id, person, rows)
    for number, cells, reason in rows:
        suggestion = suggestions.get(cells[person])
        hint = ""
        if suggestion is not None:
            note = f", {suggestion.note}" if suggestion.note else ""
            hint = f" Did you mean {suggestion.person} ({suggestion.identifier}{note})?"
        yield f"  row {number:,}, {cells[person][:60] or 'empty'}: {reason}{hint}"


def _unread(upload: DraftUpload, columns: Columns, options: ReadingOptions) -> list[str]:
    """Return sentences about the heading, hidden rows, sheets and columns that were not read."""
    note = heading_note(upload.heading_row, upload.heading[columns.person])
    notes = [note] if note and not options.column else []
    if upload.hidden_rows and not options.uses_hidden:
        notes.append(
            f"{len(upload.hidden_rows):,} hidden rows were left out. Add --hidden-rows use to use "
            "them."
        )
    if upload.other_sheets:
        has = "has" if len(upload.other_sheets) == 1 else "have"
        notes.append(
            f"Only the sheet “{upload.sheet}” was read; {', '.join(upload.other_sheets)} {has} "
            "rows too. Name another with --sheet."
        )
    ignored = _ignored(upload, columns)
    if ignored:
        notes.append(f"Not read: {ignored}, as --content and --due count for every row.")
    elif options.takes_items:
        notes += unattended_columns.unread_terms(upload.heading, columns)
    return notes


def _ignored(upload: DraftUpload, columns: Columns) -> str:
    """Return the headings of items and due dates if neither is taken from the file."""
    if columns.content is not None:
        return ""
    indexes: Sequence[int] = [*upload.candidates["content"], *upload.candidates["due"]]
    return ", ".join(f"“{upload.heading[n]}”" for n in indexes)
