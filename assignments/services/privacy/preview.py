"""What erasing a person would come to, told before anybody decides."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from assignments.audit.entries.actors import Actor
from assignments.models import Assignment, Learner, LegalHold, LogEntry, PersonalValue
from assignments.services.privacy.blockers import objections
from assignments.services.privacy.names_in_log import entries_naming
from assignments.services.privacy.subjects import Subject


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go and what stays; `others` are refs under which the same e-mail is known."""

    whom: Subject
    objections: list[str]
    values: int
    rows: int
    entries: int
    sealed: list[int]
    others: list[str]
    hold: LegalHold | None


def preview(whom: Subject, *, by: Actor, now: datetime) -> Preview:
    """Look at all that an erasure would do; nothing is changed."""
    mine = Q(batch__by=whom.user) if whom.user else Q(learner=whom.learner)
    about = Q(person=whom.ref) | Q(actor=whom.ref)
    return Preview(
        whom=whom,
        objections=objections(whom, by=by, now=now),
        values=PersonalValue.objects.filter(ref=whom.ref).count(),
        rows=Assignment.objects.filter(mine).count(),
        entries=LogEntry.objects.filter(about).count(),
        sealed=entries_naming(whom),
        others=_others(whom),
        hold=LegalHold.objects.filter(ref=whom.ref).first(),
    )


def _others(whom: Subject) -> list[str]:
    somebody: Any = whom.learner or whom.user
    if not somebody.email:
        return []
    users: Any = get_user_model().objects.filter(email__iexact=somebody.email)
    learners = Learner.objects.filter(email__iexact=somebody.email)
    refs = [f"learner/{pk}" for pk in learners.order_by("pk").values_list("pk", flat=True)]
    refs += [f"user/{pk}" for pk in users.order_by("pk").values_list("pk", flat=True)]
    return [ref for ref in refs if ref != whom.ref]
