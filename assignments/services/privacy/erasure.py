"""Erasing a person: who they were is gone from everywhere, what was done stays and still counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import transaction

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.log import Event, record
from assignments.models import (
    Account,
    Assignment,
    AudienceMember,
    Batch,
    Draft,
    DraftLearner,
    DraftRow,
    ExcludedLearner,
    FacetValue,
    Learner,
    LearnerFacet,
    PersonalValue,
)
from assignments.models.directory import ERASED
from assignments.models.sql.secure_delete import overwrite_deleted
from assignments.models.sql.text_folding import fold
from assignments.models.sql.trigram_index import LEARNERS
from assignments.services.exporting import recall
from assignments.services.picking import drafts
from assignments.services.planning import frozen_plan
from assignments.services.privacy import redacted_fields
from assignments.services.privacy.blockers import objections
from assignments.services.privacy.names_in_log import entries_naming
from assignments.services.privacy.subjects import ERASED_ISSUER, Subject, subject
from assignments.services.syncing import facets

ACTION: Final = "personal_data.erased"
MOST_SAID: Final = 100


class ErasureRefused(Exception):
    """Nothing was erased; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure came to; `sealed` are the entries whose hashed words name the person still.

    `entry` is its own entry, `values` how many names and addresses stood beside the log, `texts` in
    how many rows a name was taken out of words, `rows` how many assignments stay and count.
    """

    ref: str
    entry: int
    values: int
    texts: int
    rows: int
    sealed: list[int]


def erase(*, ref: str, reason: str, by: Actor, now: datetime) -> Erased:
    """Erase a person of the LMS (`learner/12`) or somebody who has left (`user/3`), for good.

    :raises ErasureRefused: if there is no such person, or they cannot be erased now
    """
    with transaction.atomic():
        erased = _erase(_locked(ref), reason, by, now)
    # At once, or when the transaction that this is a part of has ended.
    transaction.on_commit(partial(overwrite_deleted, LEARNERS))
    return erased


def _locked(ref: str) -> Subject:
    """Return the person, with what could meanwhile be submitted for them locked."""
    whom = subject(ref)
    if whom is None:
        raise ErasureRefused(
            f"There is nobody with the ref {ref}. It is like learner/12 or user/3."
        )
    if whom.learner:
        Account.objects.select_for_update(no_key=True).get(pk=whom.learner.account_id)
        Learner.objects.select_for_update(no_key=True).get(pk=whom.learner.pk)
    return whom


def _erase(whom: Subject, reason: str, by: Actor, now: datetime) -> Erased:
    _check(whom, reason, by, now)
    texts = redacted_fields.take_out(whom)
    recall.recall_exports(has_name=lambda search: redacted_fields.seeks(whom, search), now=now)
    values = PersonalValue.objects.filter(ref=whom.ref).delete()[0]
    if whom.learner:
        _forget_learner(whom.learner, now)
        rows = Assignment.objects.filter(learner=whom.learner)
    else:
        _forget_user(whom.user, whom.ref, now)
        rows = Assignment.objects.filter(batch__by=whom.user)
    kept, sealed = rows.count(), entries_naming(whom)
    detail = {
        "reason": reason,
        "values_deleted": values,
        "texts_redacted": texts,
        "rows_kept": kept,
        "named_in_entries": sealed[:MOST_SAID],
    }
    event = Event(
        action=ACTION,
        subject=whom.ref,
        result="erased",
        account=whom.learner.account.remote_id if whom.learner else "",
        people=(Person(ref=whom.ref),),
        detail=detail,
    )
    entry = record(event, by=by, at=now)
    return Erased(whom.ref, entry, values, texts, kept, sealed)


def _check(whom: Subject, reason: str, by: Actor, now: datetime) -> None:
    refusals = " ".join(objections(whom, by=by, now=now))
    problem = refusals or redacted_fields.objection_to(reason, whom=whom)
    if problem:
        raise ErasureRefused(problem)


def _forget_learner(learner: Learner, now: datetime) -> None:
    _drop_from_drafts(learner)
    AudienceMember.objects.filter(learner=learner).delete()
    held = LearnerFacet.objects.filter(learner=learner)
    values = list(held.values_list("value", flat=True))
    held.delete()
    others = LearnerFacet.objects.filter(value__in=values).values("value")
    # What nobody else has may be a name as well: that of their manager, or their own.
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
    """Take the person out of what is being put together; reviewed plans with them are void."""
    plans = Batch.objects.filter(assignments__learner=learner, state=Batch.State.PLANNED)
    keys = list(plans.values_list("submission_key", flat=True))
    for draft in Draft.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk"):
        frozen_plan.discard_plan(draft)
    picked: Sequence[Any] = (DraftLearner, DraftRow, ExcludedLearner)
    for model in picked:
        model.objects.filter(learner=learner).delete()


def _forget_user(user: Any, ref: str, now: datetime) -> None:
    for draft in Draft.objects.filter(owner=user, is_submitted=False, discarded_at=None):
        drafts.discard(draft=draft, now=now)
    user.sign_ins.all().delete()
    user.access_tokens.all().delete()
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
