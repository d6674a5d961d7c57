"""Laying and lifting legal holds; each is an entry that says why."""

from datetime import datetime

from django.db import IntegrityError, transaction

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.log import Event, record
from assignments.models import Account, LegalHold
from assignments.services.privacy import redacted_fields
from assignments.services.privacy.subjects import subject


class HoldRefused(Exception):
    """Nothing was changed; the message says why and what to do."""


@transaction.atomic
def lay(*, ref: str, reason: str, by: Actor, now: datetime) -> LegalHold:
    """Hold a person or an account: nothing of them is erased.

    :raises HoldRefused: if there is no such person or account, or the reason cannot stay
    """
    _check(ref, reason)
    try:
        with transaction.atomic():
            hold = LegalHold.objects.create(ref=ref, reason=reason, by=by.ref, at=now)
    except IntegrityError as error:
        raise HoldRefused(
            "There is a hold already. Lift it first to give another reason."
        ) from error
    _record("legal_hold.placed", ref, reason, by, now)
    return hold


@transaction.atomic
def lift(*, ref: str, reason: str, by: Actor, now: datetime) -> None:
    """End a hold.

    :raises HoldRefused: if there is none, or the reason cannot stay
    """
    _check(ref, reason)
    if not LegalHold.objects.filter(ref=ref).delete()[0]:
        raise HoldRefused("There is no hold to lift.")
    _record("legal_hold.released", ref, reason, by, now)


def _check(ref: str, reason: str) -> None:
    whom = subject(ref)
    if whom is None and not _is_account(ref):
        raise HoldRefused(f"There is nobody with the ref {ref}.")
    problem = redacted_fields.objection_to(reason, whom=whom)
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
