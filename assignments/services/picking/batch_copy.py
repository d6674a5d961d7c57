"""Copy a batch to a new draft: its terms, people, content and due dates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, TypedDict

from django.db import transaction
from django.db.models import Count, DateField, F, Max, Q, QuerySet, Value
from django.db.models.functions import NullIf

from assignments.models import (
    Assignment,
    Batch,
    Content,
    Draft,
    DraftContent,
    DraftLearner,
    DraftRow,
    Learner,
    SelectionChange,
)
from assignments.models.sql.insert_select import insert_learners
from assignments.models.terms import TERM_FIELDS, term_values
from assignments.queries.formatting import people
from assignments.services.batches.row_decisions import ANY_ROW
from assignments.services.picking import drafts
from assignments.services.planning.frozen_plan import why_not_assignable

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

MAX_NAMED: Final = 10


class OwnDue(TypedDict):
    """The due date of a row that differs from its batch's, or None."""

    own_due: date | None


type Copied = WithAnnotations[Assignment, OwnDue]


@transaction.atomic
def copy_to_draft(*, batch: Batch, owner_pk: int, now: datetime, rows: Q = ANY_ROW) -> Draft:
    """Create a draft with the batch's terms and the people and content of its rows.

    Inactive people and retired content are not copied; a sentence in the draft names them. Who
    has an item already is skipped when the draft is reviewed, as in every draft.

    :param rows: condition on the assignments to copy
    """
    draft = drafts.create(account=batch.account, owner_pk=owner_pk, now=now)
    for name, value in term_values(batch).items():
        setattr(draft, name, value)
    draft.save(update_fields=TERM_FIELDS)
    requested = batch.assignments.filter(rows)
    retired = [item for item in _items(requested) if why_not_assignable(item)]
    copied = requested.filter(learner__is_active=True).exclude(content__in=retired)
    # A row with the batch's due date inherits the draft's, so that one change moves all of them.
    copied = copied.annotate(own_due=NullIf(F("due_date"), Value(batch.due_date, DateField())))
    if _is_full_product(copied) and not copied.exclude(own_terms="").exists():
        _copy_picks(draft, copied)
    else:
        _copy_rows(draft, copied)
    sentence = f"Copied from {batch}: {people(copied.values('learner').distinct().count())}."
    sentence += _list_inactive(requested)
    sentence += _list_names("Cannot be assigned any more", map(str, retired))
    SelectionChange.objects.create(draft=draft, sentence=sentence, created_at=now)
    return draft


def _items(rows: QuerySet[Assignment]) -> QuerySet[Content]:
    return Content.objects.filter(pk__in=rows.values("content")).order_by("title", "pk")


def _is_full_product(rows: QuerySet[Copied]) -> bool:
    """Return whether the rows are every person x every item, with one due date for each item."""
    # Rows of a file need not be: picking their people and items would assign all to everybody.
    numbers = rows.aggregate(
        rows=Count("pk"),
        people=Count("learner", distinct=True),
        items=Count("content", distinct=True),
    )
    dates = rows.order_by().values("content", "own_due").distinct().count()
    is_whole: bool = numbers["rows"] == numbers["people"] * numbers["items"]
    return is_whole and dates == numbers["items"]


def _copy_picks(draft: Draft, rows: QuerySet[Copied]) -> None:
    insert_learners(DraftLearner, draft, rows.values("learner").distinct(), learner="learner")
    dates = rows.order_by().values_list("content").annotate(due=Max("own_due"))
    DraftContent.objects.bulk_create(
        DraftContent(draft=draft, content_id=content, due_date=due) for content, due in dates
    )


def _copy_rows(draft: Draft, rows: QuerySet[Copied]) -> None:
    values = rows.order_by("position").values_list("learner", "content", "own_due", "own_terms")
    DraftRow.objects.bulk_create(
        [
            DraftRow(
                draft=draft, learner_id=learner, content_id=content, due_date=due, own_terms=own
            )
            for learner, content, due, own in values.iterator(chunk_size=2_000)
        ],
        batch_size=2_000,
    )


def _list_inactive(rows: QuerySet[Assignment]) -> str:
    inactive = Learner.objects.filter(is_active=False, pk__in=rows.values("learner"))
    names = map(str, inactive.order_by("name", "pk"))
    return _list_names("Inactive in the LMS and not copied", names)


def _list_names(label: str, names: Iterable[str]) -> str:
    """Return a sentence that names the first MAX_NAMED and counts the others, or nothing."""
    listed = list(names)
    more = len(listed) - MAX_NAMED
    rest = f" and {more:,} more" if more > 0 else ""
    return f" {label}: {', '.join(listed[:MAX_NAMED])}{rest}." if listed else ""
