"""Uploaded files of a draft: store one, add its valid rows to the draft, keep the invalid ones."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import BinaryIO, Final

from django.db import transaction

from assignments.models import Draft, DraftFile, DraftLearner, DraftRow, DraftUpload
from assignments.services.picking import drafts
from assignments.services.picking.uploads import (
    chosen_columns,
    compression,
    date_order,
    draft_rows,
    reader,
    used_files,
)
from assignments.services.picking.uploads.column_detection import (
    SAMPLE,
    Columns,
    Detection,
    detect_columns,
)
from assignments.services.picking.uploads.reader import Row, Table
from assignments.services.picking.uploads.row_choice import RowChoice, StatusValues
from assignments.services.picking.uploads.row_validation import RowValidator, ValidationResult
from assignments.services.planning import due_dates
from assignments.services.planning.due_cautions import row_cautions

ALL_VISIBLE: Final = RowChoice()
KEPT_FOR: Final = timedelta(hours=24)
PREVIEW: Final = 3


@transaction.atomic
def store_file(
    *, draft: Draft, file: BinaryIO, name: str, now: datetime, sheet: str = ""
) -> DraftUpload:
    """Store a file's rows until its columns are confirmed; it replaces the draft's last file.

    :param sheet: the sheet of a workbook; empty for the one that fits best
    :raises UploadRefused: if it is no table, is too large, or has no heading or no rows; also if
        its first row names somebody
    """
    table = reader.open_table(draft.account_id, file, sheet)
    workbook = _content(file) if table.other_sheets else b""
    return store_table(draft=draft, table=table, name=name, workbook=workbook, now=now)


@transaction.atomic
def store_table(
    *, draft: Draft, table: Table, name: str, now: datetime, workbook: bytes = b""
) -> DraftUpload:
    """Store the rows of a table, as `store_file` does.

    :param workbook: the file, if others of its sheets may be read later
    :raises UploadRefused: if it has no rows or too many, or its first row names somebody
    """
    heading, status_values = table.heading, StatusValues(table.heading)
    sample: list[list[str]] = []
    rows = status_values.count(_collect_sample(table.rows, sample))
    compressed_rows = compression.compress_rows(rows)
    detection = detect_columns(draft.account_id, heading, sample)
    candidates = _candidates(detection, chosen_columns.remembered(draft, heading))
    due = candidates["due"][0] if len(candidates["due"]) == 1 else None
    stored_rows = compression.decompress_rows(compressed_rows)
    values = {
        "name": reader.clean_cell(name)[:200],
        "uploaded_at": now,
        "sheet": table.sheet[:100],
        "other_sheets": table.other_sheets,
        "workbook": workbook,
        "heading": heading,
        "heading_row": table.heading_row,
        "is_repaired": table.is_repaired,
        "hidden_rows": table.hidden_rows,
        "status_values": status_values.counts(),
        "preview": sample[:PREVIEW],
        "sample_size": len(sample),
        "people_counts": detection.people_counts,
        "candidates": candidates,
        "date_order": date_order.judge_order(stored_rows, due),
        "columns": None,
        "compressed_rows": compressed_rows,
        "result": None,
    }
    return DraftUpload.objects.update_or_create(draft=draft, defaults=values)[0]


@transaction.atomic
def import_rows(
    *,
    upload: DraftUpload,
    columns: Columns,
    now: datetime,
    choice: RowChoice = ALL_VISIBLE,
    replaced_pk: int | None = None,
) -> ValidationResult:
    """Add the valid rows of a stored file to the draft; of the file, keep the invalid rows only.

    Rows that the draft has already change nothing; another due date replaces the previous one.

    :param replaced_pk: a file whose rows are taken out of the draft before
    :raises UploadRefused: if the file has no such columns, or the draft would hold too many rows
    :raises DraftRefused: if there would be more people than a batch can hold
    """
    draft, heading, stored_rows = upload.draft, upload.heading, bytes(upload.compressed_rows)
    chosen_columns.validate(columns, len(heading))
    read_rows = partial(_used_rows, stored_rows, upload.hidden_rows, choice)
    today = due_dates.today(now)
    evidence = date_order.judge_order(read_rows(), columns.due)
    due_heading = "" if columns.due is None else heading[columns.due]
    order = date_order.order_of(columns.dates, due_heading, evidence)
    validator = RowValidator(
        draft.account_id,
        heading,
        columns,
        read_rows(),
        order=order,
        today=today,
    )
    result = validator.validate(read_rows())
    if replaced_pk is not None:
        used_files.remove(draft=draft, file_pk=replaced_pk, now=now)
    usage = _add_to_draft(draft, upload.name, result, now, is_of_people=columns.content is None)
    chosen_columns.remember(draft, heading, columns)
    # The order is kept for rows that are corrected later.
    upload.columns, upload.preview = asdict(replace(columns, dates=order.value)), []
    upload.compressed_rows = compression.compress_rows(
        (row[0], [*row[1], reason]) for row, reason in result.invalid
    )
    assumption = "" if columns.dates else date_order.assumption(due_heading, evidence)
    notes = [*filter(None, [assumption]), *row_cautions(result.rows_due, today=today)]
    upload.result = {**_counts(result, stored_rows), **usage, "notes": notes}
    upload.save(update_fields=["columns", "preview", "compressed_rows", "result"])
    return result


def invalid_rows(upload: DraftUpload) -> Iterator[tuple[int, Sequence[str], str]]:
    """Yield each invalid row: its number in the first file, all its cells, the reason."""
    if upload.result is None:
        return
    width = len(upload.heading)
    rows = compression.decompress_rows(bytes(upload.compressed_rows))
    for number, (*cells, reason) in rows:
        yield number, [*cells, *[""] * (width - len(cells))], reason


def first_invalid_rows(upload: DraftUpload, limit: int) -> list[tuple[int, Sequence[str], str]]:
    """Return at most `limit` of the invalid rows, in the order of the file."""
    return list(islice(invalid_rows(upload), limit))


@transaction.atomic
def remove_files(*, draft: Draft, now: datetime) -> None:
    """Delete the rows of people with items, and what is stored of the files that brought them."""
    DraftRow.objects.filter(draft=draft).delete()
    for file in DraftFile.objects.filter(draft=draft, rows__content__isnull=False).distinct():
        used_files.remove(draft=draft, file_pk=file.pk, now=now)
    DraftUpload.objects.filter(draft=draft).delete()
    drafts.touch(draft, now)


def delete_expired(*, now: datetime) -> int:
    """Delete stored files of submitted drafts or older than KEPT_FOR; return their number."""
    DraftFile.objects.filter(draft__is_submitted=True).delete()
    expired = DraftUpload.objects.filter(uploaded_at__lt=now - KEPT_FOR)
    submitted = DraftUpload.objects.filter(draft__is_submitted=True)
    return sum(uploads.delete()[0] for uploads in (expired, submitted))


def _content(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _collect_sample(rows: Iterator[Row], sample: list[list[str]]) -> Iterator[Row]:
    """Yield the rows and append the cells of the first SAMPLE to a list."""
    for number, cells in rows:
        if len(sample) < SAMPLE:
            sample.append(cells)
        yield number, cells


def _candidates(detection: Detection, remembered: Columns | None) -> dict[str, list[int]]:
    """Return the detected candidates for each kind of column, or the remembered ones alone."""
    names = ("person", "content", "due")
    if remembered is None:
        return {name: getattr(detection, name) for name in names}
    chosen = {name: getattr(remembered, name) for name in names}
    return {name: [] if n is None else [n] for name, n in chosen.items()}


def _used_rows(stored_rows: bytes, hidden_rows: Sequence[int], choice: RowChoice) -> Iterator[Row]:
    return choice.used(compression.decompress_rows(stored_rows), hidden_rows)


def _counts(result: ValidationResult, stored_rows: bytes) -> dict[str, int]:
    total = sum(1 for _ in compression.decompress_rows(stored_rows))
    return {
        "total": total,
        "left_out": total - result.total,
        "valid": len(result.valid),
        "duplicate": result.duplicate_count,
        "inactive": len(result.inactive_numbers),
        "invalid": len(result.invalid) - len(result.inactive_numbers),
    }


def _add_to_draft(
    draft: Draft, name: str, result: ValidationResult, now: datetime, *, is_of_people: bool
) -> dict[str, int]:
    """Add the valid rows to the draft; return the id of the file and what was there before."""
    there = DraftLearner if is_of_people else DraftRow
    before = there._default_manager.filter(draft=draft).count()
    rows = draft_rows.valid_rows(result)
    file = used_files.record(draft=draft, name=name, rows=rows, now=now)
    draft_rows.add_rows(draft, rows, now, is_of_people=is_of_people)
    after = there._default_manager.filter(draft=draft).count()
    both = before + len(rows) - after
    return {"file": file.pk, "before": before, "both": both, "after": after}
