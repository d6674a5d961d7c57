"""Erase a person: delete their personal data everywhere; assignments and log entries stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Q

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.entries.commitments import ERASURE
from assignments.audit.log import Event, record
from assignments.models import (
    Account,
    Assignment,
    AudienceMember,
    Batch,
    Draft,
    DraftFileRow,
    DraftLearner,
    DraftRow,
    ExcludedLearner,
    FacetValue,
    Learner,
    LearnerFacet,
    PersonalValue,
    SubmitterAddress,
)
from assignments.models.directory import ERASED
from assignments.models.sql.secure_delete import overwrite_deleted
from assignments.models.sql.text_folding import fold
from assignments.models.sql.trigram_index import LEARNERS
from assignments.services.exporting import recall
from assignments.services.picking import drafts
from assignments.services.planning import frozen_plan
from assignments.services.privacy import redacted_fields
from assignments.services.privacy.blockers import find_blockers
from assignments.services.privacy.names_in_log import find_entries_naming
from assignments.services.privacy.subjects import ERASED_ISSUER, Subject, find_subject
from assignments.services.syncing import facets

if TYPE_CHECKING:
    # django-stubs resolves this to AUTH_USER_MODEL, which the app must not import by its name.
    from django.contrib.auth.models import _User as User

MAX_LISTED: Final = 100


class ErasureRefused(Exception):
    """Nothing was erased; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ErasureResult:
    """Result of an erasure.

    :ivar entry: the number of the log entry that records it
    :ivar values: how many names and addresses were deleted beside the log
    :ivar texts: how many rows had the name redacted in a text
    :ivar rows: how many assignments stay
    :ivar naming_entries: the entries whose unchangeable text still names the person
    """

    ref: str
    entry: int
    values: int
    texts: int
    rows: int
    naming_entries: list[int]


def erase(*, ref: str, reason: str, by: Actor, now: datetime) -> ErasureResult:
    """Erase the personal data of a learner (`learner/12`) or a former user (`user/3`) for good.

    :raises ErasureRefused: if there is no such person, or they cannot be erased now
    """
    with transaction.atomic():
        result = _erase(_lock(ref), reason, by, now)
    # Runs when the outermost transaction commits.
    transaction.on_commit(partial(overwrite_deleted, LEARNERS))
    return result


def _lock(ref: str) -> Subject:
    """Return the person, locked so that nothing can be submitted for them meanwhile."""
    person = find_subject(ref)
    if person is None:
        raise ErasureRefused(f"No person has the ref {ref}. A ref looks like learner/12 or user/3.")
    if person.learner:
        Account.objects.select_for_update(no_key=True).get(pk=person.learner.account_id)
        Learner.objects.select_for_update(no_key=True).get(pk=person.learner.pk)
    return person


def _erase(person: Subject, reason: str, by: Actor, now: datetime) -> ErasureResult:
    _check(person, reason, by, now)
    searches = redacted_fields.delete_searches(person)
    texts = redacted_fields.redact_person(person) + searches
    recall.recall_exports(
        has_name=lambda search: redacted_fields.is_search_for(person, search), now=now
    )
    values = PersonalValue.objects.filter(ref=person.ref).delete()[0]
    own_rows = Q(batch__by=person.user) if person.user else Q(learner=person.learner)
    if person.learner:
        _erase_learner(person.learner, now)
    if person.user:
        _erase_user(person.user, person.ref, now)
    rows = Assignment.objects.filter(own_rows)
    kept, naming_entries = rows.count(), find_entries_naming(person)
    detail = {
        "reason": reason,
        "values_deleted": values,
        "texts_redacted": texts,
        "searches_deleted": searches,
        "rows_kept": kept,
        "named_in_entries": naming_entries[:MAX_LISTED],
    }
    event = Event(
        action=ERASURE,
        subject=person.ref,
        result="erased",
        account=person.learner.account.remote_id if person.learner else "",
        people=(Person(ref=person.ref),),
        detail=detail,
    )
    entry = record(event, by=by, at=now)
    return ErasureResult(person.ref, entry, values, texts, kept, naming_entries)


def _check(person: Subject, reason: str, by: Actor, now: datetime) -> None:
    blockers = " ".join(find_blockers(person, by=by, now=now))
    problem = blockers or redacted_fields.find_reason_problem(reason, person=person)
    if problem:
        raise ErasureRefused(problem)


def _erase_learner(learner: Learner, now: datetime) -> None:
    _drop_from_drafts(learner)
    AudienceMember.objects.filter(learner=learner).delete()
    learner_facets = LearnerFacet.objects.filter(learner=learner)
    values = list(learner_facets.values_list("value", flat=True))
    learner_facets.delete()
    others = LearnerFacet.objects.filter(value__in=values).values("value")
    # A value that no other learner has may name a person, such as their manager.
    FacetValue.objects.filter(pk__in=values).exclude(pk__in=others).delete()
    facets.count_values(learner.account_id)
    Learner.objects.filter(pk=learner.pk).update(
        name="",
        email="",
        external_reference="",
        custom_fields={},
        is_active=False,
        search_text=fold(ERASED),
        fingerprint="",
        erased_at=now,
    )


def _drop_from_drafts(learner: Learner) -> None:
    """Remove the person from drafts, and discard reviewed plans that include them."""
    plans = Batch.objects.filter(assignments__learner=learner, state=Batch.State.PLANNED)
    keys = list(plans.values_list("submission_key", flat=True))
    for draft in Draft.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk"):
        frozen_plan.discard_plan(draft)
    # Each has `objects`.
    models: Sequence[Any] = (DraftLearner, DraftRow, DraftFileRow, ExcludedLearner)
    for model in models:
        model.objects.filter(learner=learner).delete()


def _erase_user(user: User, ref: str, now: datetime) -> None:
    for draft in Draft.objects.filter(owner=user, is_submitted=False, discarded_at=None):
        drafts.discard(draft=draft, now=now)
    user.sign_ins.all().delete()
    user.access_tokens.all().delete()
    user.addresses.all().delete()
    SubmitterAddress.objects.filter(approval__requested_by=user).delete()
    values = {
        "issuer": ERASED_ISSUER,
        "subject": ref,
        "name": ERASED,
        "email": "",
        "roles": [],
        "groups": [],
        "is_active": False,
    }
    for name, value in values.items():
        setattr(user, name, value)
    user.save(update_fields=list(values))
