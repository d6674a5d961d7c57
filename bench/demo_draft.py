"""Drafts of the demo's manager; only to be imported once Django is set up."""

from datetime import date, datetime, timedelta

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils import timezone

from assignments.models import Content, Draft, Learner
from assignments.services.calls import connections
from assignments.services.picking import drafts


def new_draft() -> tuple[Draft, datetime]:
    """Return an empty draft, and when it was created."""
    owner, now = get_user_model().objects.get(email="manager@example.com"), timezone.now()
    account = connections.configured_accounts()[0]
    return drafts.create(account=account, owner_pk=owner.pk, now=now), now


def filled_draft(
    learners: QuerySet[Learner], people: int, items: int, *, first_item: int = 0
) -> tuple[Draft, datetime]:
    """Return a draft for the first of the learners, with items from number `first_item` on."""
    draft, now = new_draft()
    due = date.today() + timedelta(days=60)  # noqa: DTZ011  any day will do
    drafts.set_terms(draft=draft, due_date=due, status="pending", progress=None, now=now)
    content = Content.objects.filter(account=draft.account_id, is_active=True)
    assignable = content.exclude(external_reference="").order_by("pk")
    for item in assignable[first_item : first_item + items]:
        drafts.add_content(draft=draft, content_pk=item.pk, now=now)
    chosen = learners.filter(account=draft.account_id).order_by("pk")
    pks = chosen.values_list("pk", flat=True)[:people]
    drafts.pick_learners(draft=draft, learner_pks=pks, now=now)
    return draft, now
