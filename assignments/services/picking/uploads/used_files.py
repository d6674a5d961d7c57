"""Files that were used in a draft: what each brought, and how to take it out again."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from assignments.models import (
    Draft,
    DraftFile,
    DraftFileRow,
    DraftLearner,
    DraftRow,
    DraftUpload,
)
from assignments.models.sql import bulk
from assignments.services.picking import drafts
from assignments.services.picking.uploads.row_validation import Pair

_COLUMNS = ("file_id", "learner_id", "content_id", "due_date", "own_terms", "was_picked")

# Person and item, the due date, and the terms of the row's own as stored.
type ValidRow = tuple[Pair, date | None, str]


def files_of(draft: Draft) -> list[DraftFile]:
    """Return the files whose rows are in the draft, the last one first."""
    return list(DraftFile.objects.filter(draft=draft, row_count__gt=0).order_by("-pk"))


def record(*, draft: Draft, name: str, rows: Sequence[ValidRow], now: datetime) -> DraftFile:
    """Record what a file brings, before it is added to the draft."""
    file = DraftFile.objects.create(draft=draft, name=name, used_at=now, row_count=0)
    add_rows(file, rows)
    return file


def add_rows(file: DraftFile, rows: Sequence[ValidRow]) -> None:
    """Record more rows that a file brings, before they are added to the draft."""
    picked = _picked_otherwise(file.draft)
    values = (
        (
            file.pk,
            learner,
            content,
            connection.ops.adapt_datefield_value(due_date),
            own_terms,
            content is None and learner in picked,
        )
        for (learner, content), due_date, own_terms in rows
    )
    bulk.insert(DraftFileRow, _COLUMNS, values)
    file.row_count += len(rows)
    file.save(update_fields=["row_count"])


@transaction.atomic
def remove(*, draft: Draft, file_pk: int, now: datetime) -> None:
    """Take out of a draft what a file brought, except for what is there for another reason.

    People stay who were selected before, and rows that another file named as well, with its due
    date and terms. Removing a file twice changes nothing.
    """
    file = DraftFile.objects.filter(draft=draft, pk=file_pk).first()
    if file is None:
        return
    rows = DraftFileRow.objects.filter(file=file)
    others = DraftFileRow.objects.filter(file__draft=draft).exclude(file=file)
    _remove_people(draft, rows.filter(content=None), others.filter(content=None))
    _remove_rows(draft, rows.exclude(content=None), others)
    rows.delete()
    file.delete()
    DraftUpload.objects.filter(draft=draft, result__file=file_pk).delete()
    drafts.touch(draft, now)


def _remove_people(
    draft: Draft, rows: QuerySet[DraftFileRow], others: QuerySet[DraftFileRow]
) -> None:
    learners = rows.filter(was_picked=False).exclude(learner__in=others.values("learner"))
    picked = DraftLearner.objects.filter(draft=draft, learner__in=learners.values("learner"))
    picked.delete()


def _remove_rows(
    draft: Draft, rows: QuerySet[DraftFileRow], others: QuerySet[DraftFileRow]
) -> None:
    is_same = Q(learner=OuterRef("learner"), content=OuterRef("content"))
    brought = DraftRow.objects.filter(Exists(rows.filter(is_same)), draft=draft)
    brought.exclude(Exists(others.filter(is_same))).delete()
    newest = others.filter(is_same).order_by("-file")
    brought.update(
        due_date=Subquery(newest.values("due_date")[:1]),
        own_terms=Subquery(newest.values("own_terms")[:1]),
    )


def _picked_otherwise(draft: Draft) -> set[int]:
    """Return the primary keys of the selected people who are not there because of a file alone."""
    of_files = DraftFileRow.objects.filter(file__draft=draft, content=None, was_picked=False)
    picked = DraftLearner.objects.filter(draft=draft).exclude(
        learner__in=of_files.values("learner")
    )
    return set(picked.values_list("learner", flat=True))
