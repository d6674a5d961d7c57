"""Copying people and items of a batch to a new draft, to be changed and sent anew."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

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
from assignments.models.sql.insert_select import insert_found
from assignments.queries.formatting import people
from assignments.services.batches.row_decisions import ANY_ROW
from assignments.services.picking import drafts
from assignments.services.planning.frozen_plan import why_not_assignable

MOST_NAMED: Final = 10


@transaction.atomic
def copy_to_draft(*, batch: Batch, owner_pk: int, now: datetime, among: Q = ANY_ROW) -> Draft:
    """Make a draft with the batch's terms and the people and items of its rows.

    Who is inactive and what is retired by now stays behind and is named in the draft. Who has an
    item by then is skipped at the review, as in every draft.

    :param among: which of the rows
    """
    draft = drafts.start(account=batch.account, owner_pk=owner_pk, now=now)
    draft.due_date, draft.status, draft.progress = batch.due_date, batch.status, batch.progress
    draft.reason = batch.reason
    draft.save(update_fields=["due_date", "status", "progress", "reason"])
    wanted = batch.assignments.filter(among)
    retired = [item for item in _items(wanted) if why_not_assignable(item)]
    there = wanted.filter(learner__is_active=True).exclude(content__in=retired)
    # A date that is the batch's own stays with the draft, where it is changed for all of them.
    there = there.annotate(own_due=NullIf(F("due_date"), Value(batch.due_date, DateField())))
    if _is_everybody_times_everything(there):
        _copy_picks(draft, there)
    else:
        _copy_rows(draft, there)
    said = f"Copied from {batch}: {people(there.values('learner').distinct().count())}."
    said += _inactive(wanted) + _named("Cannot be assigned any more", map(str, retired))
    SelectionChange.objects.create(draft=draft, said=said, at=now)
    return draft


def _items(rows: QuerySet[Assignment]) -> QuerySet[Content]:
    return Content.objects.filter(pk__in=rows.values("content")).order_by("title", "pk")


def _is_everybody_times_everything(rows: QuerySet[Any]) -> bool:
    # Rows of a file are exact: picking their people and items would assign all to everybody.
    numbers = rows.aggregate(
        rows=Count("pk"),
        people=Count("learner", distinct=True),
        items=Count("content", distinct=True),
    )
    dates = rows.order_by().values("content", "own_due").distinct().count()
    is_whole: bool = numbers["rows"] == numbers["people"] * numbers["items"]
    return is_whole and dates == numbers["items"]


def _copy_picks(draft: Draft, rows: QuerySet[Any]) -> None:
    insert_found(DraftLearner, draft, rows.values("learner").distinct(), learner="learner")
    dates = rows.order_by().values_list("content").annotate(due=Max("own_due"))
    DraftContent.objects.bulk_create(
        DraftContent(draft=draft, content_id=content, due_date=due) for content, due in dates
    )


def _copy_rows(draft: Draft, rows: QuerySet[Any]) -> None:
    found = rows.order_by("position").values_list("learner", "content", "own_due")
    DraftRow.objects.bulk_create(
        [
            DraftRow(draft=draft, learner_id=learner, content_id=content, due_date=due)
            for learner, content, due in found.iterator(chunk_size=2_000)
        ],
        batch_size=2_000,
    )


def _inactive(rows: QuerySet[Assignment]) -> str:
    gone = Learner.objects.filter(is_active=False, pk__in=rows.values("learner"))
    return _named("Inactive in the LMS and not copied", map(str, gone.order_by("name", "pk")))


def _named(what: str, names: Iterable[str]) -> str:
    known = list(names)
    more = len(known) - MOST_NAMED
    rest = f" and {more:,} more" if more > 0 else ""
    return f" {what}: {', '.join(known[:MOST_NAMED])}{rest}." if known else ""
