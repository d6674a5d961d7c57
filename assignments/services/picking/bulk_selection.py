"""Bulk selection: add or exclude audiences and holders of content, and undo an exclusion."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Model, QuerySet

from assignments.models import (
    Audience,
    AudienceMember,
    Draft,
    DraftLearner,
    ExcludedLearner,
    Learner,
    SelectionChange,
)
from assignments.models.sql.insert_select import insert_learners
from assignments.queries import drafts as draft_queries
from assignments.queries.formatting import people
from assignments.services.picking import audience_defaults, drafts
from assignments.services.picking.drafts import DraftRefused

AUDIENCE_DELETED: Final = (
    "Somebody has deleted this audience. Nothing was changed: choose another one."
)


@transaction.atomic
def add_audience(
    *, draft: Draft, audience: Audience, matching: QuerySet[Learner], by_pk: int, now: datetime
) -> SelectionChange:
    """Select an audience's people: its active members, or everybody who matches its filter.

    Its default terms are filled in where the draft has none.

    :param matching: people who match the filter now; unused if the audience is fixed
    :raises DraftRefused: if there would be more people than a batch can hold, or if the audience
        was deleted meanwhile
    """
    _lock(audience)
    members = Learner.objects.filter(pk__in=_members(audience))
    selectable = members.filter(is_active=True) if _is_fixed(audience) else matching
    added = insert_learners(DraftLearner, draft, selectable)
    drafts.record_selection_change(draft, now)
    total = selectable.count()
    inactive = members.count() - total if _is_fixed(audience) else 0
    _record_use(audience, total, by_pk, now)
    sentence = _sentences(
        f"Added {people(added)} from the audience “{audience}”.",
        (total - added, "{} selected already.", "was", "were"),
        (inactive, "{} inactive in the LMS and not added.", "is", "are"),
    )
    sentence += audience_defaults.fill_in(draft=draft, audience=audience, now=now)
    return SelectionChange.objects.create(draft=draft, sentence=sentence, created_at=now)


@transaction.atomic
def exclude_audience(
    *, draft: Draft, audience: Audience, matching: QuerySet[Learner], by_pk: int, now: datetime
) -> SelectionChange:
    """Deselect an audience's people: its members, or everybody who matches its filter.

    :param matching: people who match the filter now; unused if the audience is fixed
    :raises DraftRefused: if the audience was deleted meanwhile
    """
    _lock(audience)
    learner_pks = _members(audience) if _is_fixed(audience) else matching.values("pk")
    change = _exclude(draft, learner_pks, "is", "are", f"in the audience “{audience}”", now)
    _record_use(audience, audience.people, by_pk, now)
    return change


@transaction.atomic
def exclude_holders(*, draft: Draft, completed: bool, now: datetime) -> SelectionChange:
    """Deselect people who have all the draft's content, or have completed all of it.

    Somebody who lacks one of the items stays selected.

    :raises DraftRefused: if the draft has no content yet
    """
    contents = list(draft_queries.selected_items(draft))
    if not contents:
        raise DraftRefused("Choose the content first; then those who have it can be left out.")
    what = str(contents[0]) if len(contents) == 1 else f"all {len(contents)} items"
    holders = draft_queries.holder_ids_of_all(contents, completed=completed)
    what = f"completed {what}" if completed else what
    return _exclude(draft, holders, "has", "have", what, now)


@transaction.atomic
def put_back(*, draft: Draft, change_pk: int, now: datetime) -> None:
    """Undo an exclusion: select its people again. Undoing it twice changes nothing.

    :raises DraftRefused: if there would be more people than a batch can hold
    """
    change = SelectionChange.objects.filter(draft=draft, pk=change_pk).first()
    if change is None:
        return
    excluded = ExcludedLearner.objects.filter(change=change)
    insert_learners(DraftLearner, draft, excluded, learner="learner")
    drafts.record_selection_change(draft, now)
    change.delete()


def _exclude(
    draft: Draft,
    learner_pks: QuerySet[Model, object],
    singular: str,
    plural: str,
    what: str,
    now: datetime,
) -> SelectionChange:
    selected = DraftLearner.objects.filter(draft=draft, learner__in=learner_pks)
    change = SelectionChange.objects.create(draft=draft, sentence="", created_at=now)
    change.excluded_count = insert_learners(ExcludedLearner, change, selected, learner="learner")
    verb = singular if change.excluded_count == 1 else plural
    change.sentence = f"Left out {people(change.excluded_count)} who {verb} {what}."
    change.save(update_fields=["excluded_count", "sentence"])
    excluded = ExcludedLearner.objects.filter(change=change)
    DraftLearner.objects.filter(draft=draft, learner__in=excluded.values("learner")).delete()
    drafts.touch(draft, now)
    return change


def _lock(audience: Audience) -> None:
    """Keep the audience from being deleted until the end of the transaction."""
    if not Audience.objects.select_for_update(of=("self",)).filter(pk=audience.pk).exists():
        raise DraftRefused(AUDIENCE_DELETED)


def _is_fixed(audience: Audience) -> bool:
    return audience.kind == Audience.Kind.FIXED


def _members(audience: Audience) -> QuerySet[AudienceMember, object]:
    return AudienceMember.objects.filter(audience=audience).values("learner")


def _record_use(audience: Audience, people: int, by_pk: int, now: datetime) -> None:
    if not _is_fixed(audience):
        audience.people = people
    audience.used_by_id, audience.used_at = by_pk, now
    audience.save(update_fields=["people", "used_by", "used_at"])


def _sentences(first: str, *others: tuple[int, str, str, str]) -> str:
    more = [
        text.format(f"{count:,} {singular if count == 1 else plural}")
        for count, text, singular, plural in others
        if count
    ]
    return " ".join([first, *more])
