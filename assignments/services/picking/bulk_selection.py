"""Adding and leaving out many people of a draft at once, told in a sentence and put back."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from assignments.models import (
    Audience,
    AudienceMember,
    Draft,
    DraftLearner,
    ExcludedLearner,
    Learner,
    SelectionChange,
)
from assignments.models.sql.insert_select import insert_found
from assignments.queries import drafts as draft_queries
from assignments.queries.formatting import people
from assignments.services.picking import drafts
from assignments.services.picking.drafts import DraftRefused


@transaction.atomic
def add_audience(
    *, draft: Draft, audience: Audience, matching: QuerySet[Learner], by_pk: int, now: datetime
) -> SelectionChange:
    """Select an audience's people: its members who are active, or whoever matches its filter.

    :param matching: whom the filter finds now; not looked at if the audience is fixed
    :raises DraftRefused: if there would be more people than a batch can hold
    """
    members = Learner.objects.filter(pk__in=_members(audience))
    found = members.filter(is_active=True) if _is_fixed(audience) else matching
    added = insert_found(DraftLearner, draft, found)
    drafts.counted(draft, now)
    there = found.count()
    inactive = members.count() - there if _is_fixed(audience) else 0
    _note_use(audience, there, by_pk, now)
    said = _sentences(
        f"Added {people(added)} from the audience “{audience}”.",
        (there - added, "{} selected already.", "was", "were"),
        (inactive, "{} inactive in the LMS and not added.", "is", "are"),
    )
    return SelectionChange.objects.create(draft=draft, said=said, at=now)


@transaction.atomic
def leave_out_audience(
    *, draft: Draft, audience: Audience, matching: QuerySet[Learner], by_pk: int, now: datetime
) -> SelectionChange:
    """Take those of an audience out of the selection, members or whoever matches its filter."""
    whom = _members(audience) if _is_fixed(audience) else matching.values("pk")
    change = _leave_out(draft, whom, "is", "are", f"in the audience “{audience}”", now)
    _note_use(audience, audience.people, by_pk, now)
    return change


@transaction.atomic
def leave_out_holders(*, draft: Draft, completed: bool, now: datetime) -> SelectionChange:
    """Take out who has every picked item, or has completed every one; nobody loses one they lack.

    :raises DraftRefused: if no item is picked yet
    """
    contents = list(draft_queries.picked_items(draft))
    if not contents:
        raise DraftRefused("Choose the content first; then those who have it can be left out.")
    what = str(contents[0]) if len(contents) == 1 else f"all {len(contents)} items"
    holders = draft_queries.holders_of_all(contents, completed=completed)
    what = f"completed {what}" if completed else what
    return _leave_out(draft, holders, "has", "have", what, now)


@transaction.atomic
def put_back(*, draft: Draft, change_pk: int, now: datetime) -> None:
    """Select again whom a change left out; putting back twice changes nothing.

    :raises DraftRefused: if there would be more people than a batch can hold
    """
    change = SelectionChange.objects.filter(draft=draft, pk=change_pk).first()
    if change is None:
        return
    left = ExcludedLearner.objects.filter(change=change)
    insert_found(DraftLearner, draft, left, learner="learner")
    drafts.counted(draft, now)
    change.delete()


def _leave_out(
    draft: Draft, whom: QuerySet[Any, Any], one: str, many: str, what: str, now: datetime
) -> SelectionChange:
    leaving = DraftLearner.objects.filter(draft=draft, learner__in=whom)
    change = SelectionChange.objects.create(draft=draft, said="", at=now)
    change.left_out = insert_found(ExcludedLearner, change, leaving, learner="learner")
    verb = one if change.left_out == 1 else many
    change.said = f"Left out {people(change.left_out)} who {verb} {what}."
    change.save(update_fields=["left_out", "said"])
    gone = ExcludedLearner.objects.filter(change=change)
    DraftLearner.objects.filter(draft=draft, learner__in=gone.values("learner")).delete()
    drafts.touch(draft, now)
    return change


def _is_fixed(audience: Audience) -> bool:
    return audience.kind == Audience.Kind.FIXED


def _members(audience: Audience) -> QuerySet[AudienceMember, Any]:
    return AudienceMember.objects.filter(audience=audience).values("learner")


def _note_use(audience: Audience, people: int, by_pk: int, now: datetime) -> None:
    if not _is_fixed(audience):
        audience.people = people
    audience.used_by_id, audience.used_at = by_pk, now
    audience.save(update_fields=["people", "used_by", "used_at"])


def _sentences(first: str, *others: tuple[int, str, str, str]) -> str:
    more = [
        text.format(f"{count:,} {one if count == 1 else many}")
        for count, text, one, many in others
        if count
    ]
    return " ".join([first, *more])
