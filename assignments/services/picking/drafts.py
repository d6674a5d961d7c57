"""Putting an assignment together on the server: nothing in here reaches the LMS."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from assignments.models import Account, Content, Draft, DraftContent, DraftLearner, Learner
from assignments.models.drafts import Status
from assignments.models.sql.insert_select import insert_found
from assignments.services.planning import frozen_plan
from assignments.services.planning.frozen_plan import MOST_ITEMS, MOST_ROWS, why_not_assignable

CHUNK: Final = 1_000
KEPT_AFTER_DISCARD: Final = timedelta(days=7)


class DraftRefused(Exception):
    """The change was not made; the message says why and what to do."""


def start(*, account: Account, owner_pk: int, now: datetime) -> Draft:
    """Make an empty draft."""
    return Draft.objects.create(account=account, owner_id=owner_pk, created_at=now, changed_at=now)


@transaction.atomic
def set_terms(
    *, draft: Draft, due_date: date | None, status: str, progress: int | None, now: datetime
) -> None:
    """Set the due date (a day in the organisation's zone), the status and the progress."""
    draft.due_date = due_date
    draft.status = status
    draft.progress = progress if status == Status.IN_PROGRESS else None
    draft.changed_at = now
    draft.save(update_fields=["due_date", "status", "progress", "changed_at"])


@transaction.atomic
def add_content(*, draft: Draft, content_pk: int, now: datetime) -> None:
    """Pick an item; picking it twice changes nothing.

    :raises DraftRefused: if it cannot be assigned or there are enough
    """
    content = Content.objects.filter(account=draft.account_id, pk=content_pk).first()
    if content is None:
        raise DraftRefused("This item is no longer in the LMS. Search again.")
    problem = why_not_assignable(content)
    if problem:
        raise DraftRefused(f"{content} cannot be assigned: {problem}")
    picked = DraftContent.objects.filter(draft=draft)
    if picked.exclude(content=content).count() >= MOST_ITEMS:
        raise DraftRefused(f"Choose at most {MOST_ITEMS} items.")
    DraftContent.objects.get_or_create(draft=draft, content=content)
    touch(draft, now)


@transaction.atomic
def remove_content(*, draft: Draft, content_pk: int, now: datetime) -> None:
    """Drop an item that was picked."""
    DraftContent.objects.filter(draft=draft, content=content_pk).delete()
    touch(draft, now)


@transaction.atomic
def set_item_dues(*, draft: Draft, dues: Mapping[int, date | None], now: datetime) -> None:
    """Give picked items due dates of their own, by the item's id; None gives the draft's."""
    for picked in DraftContent.objects.filter(draft=draft, content__in=dues):
        if picked.due_date != dues[picked.content_id]:
            picked.due_date = dues[picked.content_id]
            picked.save(update_fields=["due_date"])
    touch(draft, now)


@transaction.atomic
def pick(*, draft: Draft, learner_pks: Iterable[int], now: datetime) -> int:
    """Pick people by id and return how many there are now; ids that are nobody's are left out.

    :raises DraftRefused: if there would be more than a batch can hold
    """
    wanted = list(learner_pks)
    for start_at in range(0, len(wanted), CHUNK):
        chunk = wanted[start_at : start_at + CHUNK]
        people = Learner.objects.filter(account=draft.account_id, pk__in=chunk)
        _insert(draft, people)
    return counted(draft, now)


@transaction.atomic
def pick_all(*, draft: Draft, people: QuerySet[Learner], now: datetime) -> int:
    """Pick everybody of the account whom a query finds and return how many there are now.

    :raises DraftRefused: if there would be more than a batch can hold
    """
    _insert(draft, people.filter(account=draft.account_id))
    return counted(draft, now)


@transaction.atomic
def set_ticks(
    *, draft: Draft, shown: Collection[int], learner: Collection[int], now: datetime
) -> int:
    """Make the selection of the `shown` people what is ticked, and return how many there are.

    People who are not shown keep their state, so that other pages and tabs lose nothing.

    :raises DraftRefused: if there would be more than a batch can hold
    """
    unticked = set(shown) - set(learner)
    DraftLearner.objects.filter(draft=draft, learner__in=unticked).delete()
    return pick(draft=draft, learner_pks=set(learner), now=now)


@transaction.atomic
def clear(*, draft: Draft, now: datetime) -> None:
    """Drop everybody who was picked."""
    DraftLearner.objects.filter(draft=draft).delete()
    draft.changes.all().delete()
    touch(draft, now)


@transaction.atomic
def set_assigns_again(*, draft: Draft, assigns_again: bool, now: datetime) -> None:
    """Say whether people who have an item already get it again."""
    draft.assigns_again = assigns_again
    draft.changed_at = now
    draft.save(update_fields=["assigns_again", "changed_at"])


@transaction.atomic
def discard(*, draft: Draft, now: datetime) -> None:
    """Put a draft aside, without its plan if it has one that was not submitted."""
    frozen_plan.discard_plan(draft)
    draft.discarded_at = now
    draft.save(update_fields=["discarded_at"])


def recover(*, draft: Draft, now: datetime) -> None:
    """Take a draft that was discarded up again, with everything in it."""
    draft.discarded_at, draft.changed_at = None, now
    draft.save(update_fields=["discarded_at", "changed_at"])


def forget(*, draft: Draft) -> None:
    """Delete a draft for good."""
    draft.delete()


@transaction.atomic
def forget_discarded(*, now: datetime) -> int:
    """Delete what was discarded too long ago to be wanted again, and return how many drafts."""
    gone = Draft.objects.filter(discarded_at__lt=now - KEPT_AFTER_DISCARD)
    count = len(gone)
    for draft in gone:
        forget(draft=draft)
    return count


def _insert(draft: Draft, people: QuerySet[Learner]) -> None:
    insert_found(DraftLearner, draft, people)


def counted(draft: Draft, now: datetime) -> int:
    """Note a change of the selection and return how many people there are now.

    :raises DraftRefused: if there are more than a batch can hold
    """
    count = DraftLearner.objects.filter(draft=draft).count()
    if count > MOST_ROWS:
        raise DraftRefused(
            f"That would be {count:,} people. Choose at most {MOST_ROWS:,}: narrow the search."
        )
    touch(draft, now)
    return count


def touch(draft: Draft, now: datetime) -> None:
    """Note that the draft was changed."""
    draft.changed_at = now
    draft.save(update_fields=["changed_at"])
