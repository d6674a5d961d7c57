"""Why somebody cannot be erased now, and what to do first."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from assignments.audit.entries.actors import Actor
from assignments.models import Assignment, Batch, Learner, LegalHold
from assignments.services.privacy.subjects import Subject

ENDED: Final = (
    Batch.State.PLANNED,
    Batch.State.DONE,
    Batch.State.STOPPED,
    Batch.State.CANCELLED,
    Batch.State.REJECTED,
    Batch.State.EXPIRED,
)
MOST_NAMED: Final = 5


def objections(whom: Subject, *, by: Actor, now: datetime) -> list[str]:
    """Return why the person cannot be erased now, a sentence or two each; none if they can."""
    if whom.is_erased:
        return ["This person was erased already. Nothing is left to erase."]
    own = _of_learner(whom.learner) if whom.learner else _of_user(whom, by, now)
    return [*_holds(whom), *own]


def _holds(whom: Subject) -> Iterator[str]:
    if LegalHold.objects.filter(ref=whom.ref).exists():
        yield "A legal hold on this person forbids it. Release the hold first, and say why."
    account = whom.learner.account_id if whom.learner else 0
    if LegalHold.objects.filter(ref=f"account/{account}").exists():
        yield "A legal hold on their account forbids it. Release the hold first, and say why."


def _of_learner(learner: Learner) -> Iterator[str]:
    moving = Assignment.objects.filter(learner=learner, state__in=Assignment.UNSETTLED)
    open_rows = moving.exclude(batch__state=Batch.State.PLANNED)
    batches = open_rows.order_by("batch").values_list("batch", flat=True).distinct()
    if batches:
        yield (
            f"What was assigned to them in {_named(list(batches))} is not settled yet. Wait until "
            "it is, stop the batch, or decide about the rows that wait for somebody."
        )


def _of_user(whom: Subject, by: Actor, now: datetime) -> Iterator[str]:
    user = whom.user
    if by.ref == whom.ref:
        yield "Nobody erases themselves. Let another administrator do it."
    if user.sign_ins.filter(expires_at__gt=now).exists():
        yield "They are signed in. Have their access taken away, then sign them out under Settings."
    mine = Batch.objects.filter(by=user).exclude(state__in=ENDED)
    batches = _pks(mine | Batch.objects.filter(_unsettled(user.pk)))
    if batches:
        yield (
            f"Their {_named(batches)} is not settled yet. Wait until it is, stop the batch, or "
            "decide about the rows that wait for somebody."
        )


def _unsettled(user_pk: int) -> Q:
    rows = Assignment.objects.filter(batch__by=user_pk, state__in=Assignment.UNSETTLED)
    rows = rows.exclude(batch__state=Batch.State.PLANNED)
    return Q(pk__in=rows.values("batch"))


def _pks(batches: QuerySet[Batch]) -> list[int]:
    return list(batches.order_by("pk").values_list("pk", flat=True).distinct())


def _named(pks: list[int]) -> str:
    named = ", ".join(f"B-{pk:04d}" for pk in pks[:MOST_NAMED])
    more = len(pks) - MOST_NAMED
    return f"{named} and {more:,} more" if more > 0 else named
