"""Place and release legal holds; each is recorded in the log with its reason."""

from datetime import datetime

from django.db import IntegrityError, transaction

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.log import Event, record
from assignments.models import Account, LegalHold
from assignments.services.privacy import redacted_fields
from assignments.services.privacy.subjects import find_subject


class HoldRefused(Exception):
    """Nothing was changed; the message says why and what to do."""


@transaction.atomic
def place(*, ref: str, reason: str, by: Actor, now: datetime) -> LegalHold:
    """Place a legal hold on a person or an account, which forbids erasure and pruning.

    :param ref: `learner/12`, `user/3` or `account/1`
    :raises HoldRefused: if the ref is unknown, has a hold, or the reason is empty or names them
    """
    _check(ref, reason)
    try:
        with transaction.atomic():
            hold = LegalHold.objects.create(ref=ref, reason=reason, placed_by=by.ref, placed_at=now)
    except IntegrityError as error:
        raise HoldRefused(
            "There is a legal hold already. Release it first to give another reason."
        ) from error
    _record("legal_hold.placed", ref, reason, by, now)
    return hold


@transaction.atomic
def release(*, ref: str, reason: str, by: Actor, now: datetime) -> None:
    """Release a legal hold.

    :raises HoldRefused: if there is none, or the reason is empty or names the person
    """
    _check(ref, reason)
    if not LegalHold.objects.filter(ref=ref).delete()[0]:
        raise HoldRefused("There is no legal hold to release.")
    _record("legal_hold.released", ref, reason, by, now)


def _check(ref: str, reason: str) -> None:
    person = find_subject(ref)
    if person is None and not _is_account(ref):
        raise HoldRefused(f"No person or account has the ref {ref}.")
    problem = redacted_fields.find_reason_problem(reason, person=person)
    if problem:
        raise HoldRefused(problem)


def _is_account(ref: str) -> bool:
    kind, _, pk = ref.partition("/")
    return kind == "account" and pk.isdecimal() and Account.objects.filter(pk=pk).exists()


def _record(action: str, ref: str, reason: str, by: Actor, now: datetime) -> None:
    people = () if ref.startswith("account/") else (Person(ref=ref),)
    event = Event(
        action=action,
        subject=ref,
        result=action.partition(".")[2],
        people=people,
        detail={"reason": reason},
    )
    record(event, by=by, at=now)
