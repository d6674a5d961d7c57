"""Copying people and items of a batch to a new draft, to be changed and sent anew."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from assignments.models import Batch, Draft, DraftContent
from assignments.services import drafts
from assignments.services.decisions import ANY_ROW


@transaction.atomic
def copy_to_draft(*, batch: Batch, owner_pk: int, now: datetime, among: Q = ANY_ROW) -> Draft:
    """Make a draft with the batch's terms and the people and items of its rows.

    Who has an item by then is skipped at the review, as in every draft.

    :param among: which of the rows
    """
    draft = drafts.start(account=batch.account, owner_pk=owner_pk, now=now)
    draft.due_date, draft.status, draft.progress = batch.due_date, batch.status, batch.progress
    draft.reason = batch.reason
    draft.save(update_fields=["due_date", "status", "progress", "reason"])
    wanted = batch.assignments.filter(among)
    people = wanted.filter(learner__is_active=True).values_list("learner", flat=True).distinct()
    drafts.pick(draft=draft, learner_pks=people, now=now)
    items = wanted.filter(content__is_active=True).values_list("content", flat=True).distinct()
    DraftContent.objects.bulk_create(DraftContent(draft=draft, content_id=pk) for pk in items)
    return draft
