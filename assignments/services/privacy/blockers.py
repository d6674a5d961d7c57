"""What blocks the erasure of a person: legal holds, unsettled assignments, an open session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.db.models import Q, QuerySet

from assignments.audit.entries.actors import Actor
from assignments.models import Assignment, Batch, Learner, LegalHold
from assignments.services.privacy.subjects import Subject

if TYPE_CHECKING:
    # django-stubs resolves this to AUTH_USER_MODEL, which the app must not import by its name.
    from django.contrib.auth.models import _User as User

ENDED_STATES: Final = (Batch.State.PLANNED, Batch.State.DONE, *Batch.WITHDRAWN)
MAX_NAMED: Final = 5


def find_blockers(person: Subject, *, by: Actor, now: datetime) -> list[str]:
    """Return what blocks the erasure, as sentences that say what to do; empty if nothing does."""
    if person.is_erased:
        return ["This person has been erased already."]
    blockers = [*_find_holds(person)]
    if person.learner:
        blockers += _find_learner_blockers(person.learner)
    if person.user:
        blockers += _find_user_blockers(person.user, by, now)
    return blockers


def _find_holds(person: Subject) -> Iterator[str]:
    if LegalHold.objects.filter(ref=person.ref).exists():
        yield "A legal hold on this person forbids it. Release the hold first, and say why."
    account = person.learner.account_id if person.learner else 0
    if LegalHold.objects.filter(ref=f"account/{account}").exists():
        yield "A legal hold on their account forbids it. Release the hold first, and say why."


def _find_learner_blockers(learner: Learner) -> Iterator[str]:
    unsettled = Assignment.objects.filter(learner=learner, state__in=Assignment.UNSETTLED)
    submitted = unsettled.exclude(batch__state=Batch.State.PLANNED)
    batches = _numbers(Batch.objects.filter(pk__in=submitted.values("batch")))
    if batches:
        yield (
            f"Assignments to them in {_format_batches(batches)} are not settled yet. Wait "
            "until they are, stop the batch, or decide about the rows that wait for a decision."
        )


def _find_user_blockers(user: User, by: Actor, now: datetime) -> Iterator[str]:
    if by.ref == f"user/{user.pk}":
        yield "You cannot erase yourself. Ask another administrator to do it."
    if user.sign_ins.filter(expires_at__gt=now).exists():
        yield "They are signed in. Revoke their access, then sign them out under Settings."
    open_batches = Batch.objects.filter(by=user).exclude(state__in=ENDED_STATES)
    batches = _numbers(open_batches | Batch.objects.filter(_has_unsettled_rows(user.pk)))
    if batches:
        yield (
            f"Their {_format_batches(batches)} is not settled yet. Wait until it is, stop the "
            "batch, or decide about the rows that wait for a decision."
        )


def _has_unsettled_rows(user_pk: int) -> Q:
    rows = Assignment.objects.filter(batch__by=user_pk, state__in=Assignment.UNSETTLED)
    rows = rows.exclude(batch__state=Batch.State.PLANNED)
    return Q(pk__in=rows.values("batch"))


def _numbers(batches: QuerySet[Batch]) -> list[str]:
    return [str(batch) for batch in batches.order_by("number").distinct()]


def _format_batches(numbers: list[str]) -> str:
    named, more = ", ".join(numbers[:MAX_NAMED]), len(numbers) - MAX_NAMED
    return f"{named} and {more:,} more" if more > 0 else named
