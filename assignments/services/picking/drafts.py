"""Create and edit drafts: terms, content and people. Nothing here reaches the LMS."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from assignments.models import Account, Content, Draft, DraftContent, DraftLearner, Learner
from assignments.models.sql.insert_select import insert_learners
from assignments.services.planning import frozen_plan
from assignments.services.planning.frozen_plan import MAX_ITEMS, MAX_ROWS, why_not_assignable

CHUNK: Final = 1_000
KEPT_AFTER_DISCARD: Final = timedelta(days=7)


class DraftRefused(Exception):
    """The change was not made; the message says why and what to do."""


def create(*, account: Account, owner_pk: int, now: datetime) -> Draft:
    """Create an empty draft, with the passthrough that is the account's default."""
    return Draft.objects.create(
        account=account,
        owner_id=owner_pk,
        passthrough=account.passthrough,
        created_at=now,
        changed_at=now,
    )


@transaction.atomic
def set_terms(*, draft: Draft, now: datetime, **terms: object) -> None:
    """Set terms of the draft by the names of their fields; the others stay as they are."""
    for name, value in terms.items():
        setattr(draft, name, value)
    draft.changed_at = now
    draft.save(update_fields=[*terms, "changed_at"])


@transaction.atomic
def add_content(*, draft: Draft, content_pk: int, now: datetime) -> None:
    """Add an item of content to the draft; adding it twice changes nothing.

    :raises DraftRefused: if it cannot be assigned or the draft has MAX_ITEMS already
    """
    content = Content.objects.filter(account=draft.account_id, pk=content_pk).first()
    if content is None:
        raise DraftRefused("This item is no longer in the LMS. Search again.")
    problem = why_not_assignable(content)
    if problem:
        raise DraftRefused(f"{content} cannot be assigned: {problem}")
    picked = DraftContent.objects.filter(draft=draft)
    if picked.exclude(content=content).count() >= MAX_ITEMS:
        raise DraftRefused(f"Choose at most {MAX_ITEMS} items.")
    DraftContent.objects.get_or_create(draft=draft, content=content)
    touch(draft, now)


@transaction.atomic
def remove_content(*, draft: Draft, content_pk: int, now: datetime) -> None:
    """Remove an item of content from the draft."""
    DraftContent.objects.filter(draft=draft, content=content_pk).delete()
    touch(draft, now)


@transaction.atomic
def set_item_due_dates(
    *, draft: Draft, due_dates: Mapping[int, date | None], now: datetime
) -> None:
    """Set due dates of single items, by content id; None stands for the draft's due date."""
    for picked in DraftContent.objects.filter(draft=draft, content__in=due_dates):
        if picked.due_date != due_dates[picked.content_id]:
            picked.due_date = due_dates[picked.content_id]
            picked.save(update_fields=["due_date"])
    touch(draft, now)


@transaction.atomic
def pick_learners(*, draft: Draft, learner_pks: Iterable[int], now: datetime) -> int:
    """Select people by primary key and return the new size of the selection.

    Keys of nobody in the draft's account are ignored.

    :raises DraftRefused: if there would be more than a batch can hold
    """
    wanted = list(learner_pks)
    for start_at in range(0, len(wanted), CHUNK):
        chunk = wanted[start_at : start_at + CHUNK]
        people = Learner.objects.filter(account=draft.account_id, pk__in=chunk)
        insert_learners(DraftLearner, draft, people)
    return record_selection_change(draft, now)


@transaction.atomic
def pick_matching(*, draft: Draft, people: QuerySet[Learner], now: datetime) -> int:
    """Select everybody of the account in a queryset and return the new size of the selection.

    :raises DraftRefused: if there would be more than a batch can hold
    """
    insert_learners(DraftLearner, draft, people.filter(account=draft.account_id))
    return record_selection_change(draft, now)


@transaction.atomic
def set_ticks(
    *, draft: Draft, shown: Collection[int], learner: Collection[int], now: datetime
) -> int:
    """Apply the checkboxes of one page of people and return the new size of the selection.

    People who are not on the page keep their state, so that other pages and tabs lose nothing.

    :param shown: primary keys of the people on the page
    :param learner: primary keys of those whose checkbox is ticked
    :raises DraftRefused: if there would be more than a batch can hold
    """
    unticked = set(shown) - set(learner)
    DraftLearner.objects.filter(draft=draft, learner__in=unticked).delete()
    return pick_learners(draft=draft, learner_pks=set(learner), now=now)


@transaction.atomic
def clear_learners(*, draft: Draft, now: datetime) -> None:
    """Deselect everybody and delete the history of bulk changes and of files of people."""
    DraftLearner.objects.filter(draft=draft).delete()
    draft.files.filter(rows__content=None).delete()
    draft.changes.all().delete()
    touch(draft, now)


@transaction.atomic
def set_assigns_again(*, draft: Draft, assigns_again: bool, now: datetime) -> None:
    """Set whether people who already have an item are assigned it again."""
    draft.assigns_again = assigns_again
    draft.changed_at = now
    draft.save(update_fields=["assigns_again", "changed_at"])


@transaction.atomic
def discard(*, draft: Draft, now: datetime) -> None:
    """Mark a draft as discarded and delete its plan, unless that was submitted."""
    frozen_plan.discard_plan(draft)
    draft.discarded_at = now
    draft.save(update_fields=["discarded_at"])


def restore(*, draft: Draft, now: datetime) -> None:
    """Bring a discarded draft back with everything in it but the plan."""
    draft.discarded_at, draft.changed_at = None, now
    draft.save(update_fields=["discarded_at", "changed_at"])


def delete(*, draft: Draft) -> None:
    """Delete a draft for good."""
    draft.delete()


@transaction.atomic
def delete_unless_submitted(*, draft: Draft) -> None:
    """Delete a draft with its plan for good, unless it was submitted."""
    draft.refresh_from_db()
    if not draft.is_submitted:
        frozen_plan.discard_plan(draft)
        delete(draft=draft)


def delete_if_empty(*, draft: Draft) -> None:
    """Delete a draft in which nothing was selected."""
    draft_content = DraftContent.objects.filter(draft=draft)
    selected = (draft_content, DraftLearner.objects.filter(draft=draft), draft.rows.all())
    if not draft.is_submitted and not any(rows.exists() for rows in selected):
        delete(draft=draft)


@transaction.atomic
def delete_discarded(*, now: datetime) -> int:
    """Delete drafts discarded more than a week ago and return their number."""
    expired = Draft.objects.filter(discarded_at__lt=now - KEPT_AFTER_DISCARD)
    count = len(expired)
    for draft in expired:
        delete(draft=draft)
    return count


def record_selection_change(draft: Draft, now: datetime) -> int:
    """Mark the draft as changed and return how many people are selected.

    :raises DraftRefused: if they are more than a batch can hold
    """
    count = DraftLearner.objects.filter(draft=draft).count()
    if count > MAX_ROWS:
        raise DraftRefused(
            f"That would be {count:,} people. Choose at most {MAX_ROWS:,}: narrow the search."
        )
    touch(draft, now)
    return count


def touch(draft: Draft, now: datetime) -> None:
    """Set the time of the draft's last change."""
    draft.changed_at = now
    draft.save(update_fields=["changed_at"])
