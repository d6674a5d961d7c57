"""A file of people, or of people and items, from its upload to the draft it fills."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from itertools import islice
from typing import BinaryIO, Final

from django.db import connection, transaction
from django.utils import timezone

from assignments.models import Draft, DraftRow, DraftUpload, Learner
from assignments.models.sql.bulk import upsert
from assignments.services.picking import drafts
from assignments.services.picking.uploads import compression, reader
from assignments.services.picking.uploads.column_detection import SAMPLE, Columns, guess
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.reader import Row
from assignments.services.picking.uploads.row_validation import Check, Checked
from assignments.services.planning.frozen_plan import MOST_ROWS

KEPT_FOR: Final = timedelta(hours=24)
PREVIEW: Final = 3
_KEY: Final = ("draft_id", "learner_id", "content_id")


@transaction.atomic
def receive(*, draft: Draft, file: BinaryIO, name: str, now: datetime) -> DraftUpload:
    """Keep a file's rows until its columns are confirmed, in the place of one from before.

    :raises UploadRefused: if it is no table, is too large, or has no heading or no rows
    """
    rows = reader.table(file)
    _, heading = next(rows)
    first: list[Row] = []
    table = compression.packed(_counted(rows, first))
    sample = [cells for _, cells in first[:SAMPLE]]
    found = guess(draft.account_id, heading, sample)
    values = {
        "name": reader.clean(name)[:200],
        "uploaded_at": now,
        "heading": heading,
        "preview": sample[:PREVIEW],
        "rate": {"of": len(sample), "people": found.people},
        "columns": asdict(found.columns),
        "table": table,
        "result": None,
    }
    return DraftUpload.objects.update_or_create(draft=draft, defaults=values)[0]


@transaction.atomic
def use(*, upload: DraftUpload, columns: Columns, now: datetime) -> Checked:
    """Add what the file's valid rows name to the draft, and keep only the refused ones.

    The same rows once more change nothing; another due date replaces the one from before.

    :raises UploadRefused: if the columns cannot be those, or the draft would hold too much
    """
    draft, heading = upload.draft, upload.heading
    _check(columns, len(heading))
    table = bytes(upload.table)
    today = timezone.localdate(now, timezone.get_default_timezone())
    check = Check(draft.account_id, heading, columns, compression.unpacked(table), today=today)
    checked = check.rows(compression.unpacked(table))
    if columns.content is None:
        people = Learner.objects.filter(
            account=draft.account_id, pk__in_list=[pk for pk, _ in checked.found]
        )
        drafts.pick_matching(draft=draft, people=people, now=now)
    else:
        _keep(draft, checked, now)
    upload.columns = asdict(columns)
    upload.preview = []
    upload.table = compression.packed(
        (row[0], [*row[1], reason]) for row, reason in checked.refused
    )
    upload.result = {
        "given": checked.given,
        "found": len(checked.found),
        "twice": checked.twice,
        "inactive": checked.inactive,
        "refused": len(checked.refused) - checked.inactive,
    }
    upload.save(update_fields=["columns", "preview", "table", "result"])
    return checked


def refused(upload: DraftUpload) -> Iterator[tuple[int, Sequence[str], str]]:
    """Yield each refused row: its number in the file, its cells under the heading, and why."""
    if upload.result is None:
        return
    width = len(upload.heading)
    for number, (*cells, reason) in compression.unpacked(bytes(upload.table)):
        yield number, [*cells[:width], *[""] * (width - len(cells))], reason


def first_refused(upload: DraftUpload, most: int) -> list[tuple[int, Sequence[str], str]]:
    """Return the first of them."""
    return list(islice(refused(upload), most))


@transaction.atomic
def remove(*, draft: Draft, now: datetime) -> None:
    """Drop the rows that files brought, and what is kept of the last file."""
    DraftRow.objects.filter(draft=draft).delete()
    DraftUpload.objects.filter(draft=draft).delete()
    _touch(draft, now)


def forget(*, now: datetime) -> int:
    """Delete what is kept of files for longer than a day, or of drafts that were submitted."""
    old = DraftUpload.objects.filter(uploaded_at__lt=now - KEPT_FOR)
    submitted = DraftUpload.objects.filter(draft__is_submitted=True)
    return sum(found.delete()[0] for found in (old, submitted))


def _counted(rows: Iterator[Row], first: list[Row]) -> Iterator[Row]:
    for row in rows:
        if len(first) < SAMPLE:
            first.append(row)
        yield row


def _check(columns: Columns, width: int) -> None:
    chosen = [n for n in (columns.person, columns.content, columns.due) if n is not None]
    if not all(0 <= n < width for n in chosen):
        raise UploadRefused("Choose columns that the file has.")
    if len(set(chosen)) < len(chosen):
        raise UploadRefused("Choose a different column for each: people, content, due date.")
    if columns.due is not None and columns.content is None:
        raise UploadRefused("Choose the column with the content as well, or no due date column.")


def _keep(draft: Draft, checked: Checked, now: datetime) -> None:
    key = DraftRow._meta.get_field("draft").get_db_prep_save(draft.pk, connection)
    rows = (
        (key, learner, content, _stored(due))
        for (learner, content), (due, _) in checked.found.items()
    )
    upsert(DraftRow, (*_KEY, "due_date"), _KEY, rows)
    if DraftRow.objects.filter(draft=draft).count() > MOST_ROWS:
        raise UploadRefused(
            f"A draft holds at most {MOST_ROWS:,} rows of files. Remove some first."
        )
    _touch(draft, now)


def _stored(due: date | None) -> object:
    return connection.ops.adapt_datefield_value(due)


def _touch(draft: Draft, now: datetime) -> None:
    draft.changed_at = now
    draft.save(update_fields=["changed_at"])
