"""Preview of an erasure: what would be deleted and what would stay."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from assignments.audit.entries.actors import Actor
from assignments.models import Assignment, Learner, LegalHold, LogEntry, PersonalValue
from assignments.services.privacy.blockers import find_blockers
from assignments.services.privacy.names_in_log import find_entries_naming
from assignments.services.privacy.subjects import Subject


@dataclass(frozen=True, slots=True)
class ErasurePreview:
    """What an erasure would do.

    :ivar blockers: why the person cannot be erased now
    :ivar values: how many disclosed names and addresses of the log would be deleted
    :ivar rows: how many assignments stay
    :ivar entries: how many entries about the person stay
    :ivar naming_entries: the entries whose unchangeable text names the person
    :ivar other_refs: learners and users with the same e-mail address
    """

    person: Subject
    blockers: list[str]
    values: int
    rows: int
    entries: int
    naming_entries: list[int]
    other_refs: list[str]
    hold: LegalHold | None


def preview_erasure(person: Subject, *, by: Actor, now: datetime) -> ErasurePreview:
    """Return what an erasure would do, without changing anything."""
    own_rows = Q(batch__by=person.user) if person.user else Q(learner=person.learner)
    about = Q(person=person.ref) | Q(actor=person.ref)
    return ErasurePreview(
        person=person,
        blockers=find_blockers(person, by=by, now=now),
        values=PersonalValue.objects.filter(ref=person.ref).count(),
        rows=Assignment.objects.filter(own_rows).count(),
        entries=LogEntry.objects.filter(about).count(),
        naming_entries=find_entries_naming(person),
        other_refs=_find_other_refs(person),
        hold=LegalHold.objects.filter(ref=person.ref).first(),
    )


def _find_other_refs(person: Subject) -> list[str]:
    owner: Any = person.learner or person.user  # one of them is set
    if not owner.email:
        return []
    users = get_user_model().objects.filter(email__iexact=owner.email)
    learners = Learner.objects.filter(email__iexact=owner.email)
    refs = [f"learner/{pk}" for pk in learners.order_by("pk").values_list("pk", flat=True)]
    refs += [f"user/{pk}" for pk in users.order_by("pk").values_list("pk", flat=True)]
    return [ref for ref in refs if ref != person.ref]
