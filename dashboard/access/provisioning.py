"""Lets somebody in whom the identity provider vouches for, or says why not; both are recorded."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from dashboard.access.id_token_claims import Identity
from dashboard.access.models import User

NO_ROLE: Final = "no role"
UNVERIFIED: Final = "e-mail not verified"
CLOSED: Final = "closed here"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why somebody whom the provider knows does not get in."""

    because: str


@transaction.atomic
def admit(who: Identity, *, by: Actor, now: datetime) -> User | Refused:
    """Return the person with the roles of this moment; one who lost them loses them here too."""
    user = User.objects.filter(issuer=who.issuer, subject=who.subject).first()
    because = _reason(who, user)
    if because:
        _refuse(user, because, who, by, now)
        return Refused(because)
    if user is None:
        return User.objects.create(
            issuer=who.issuer,
            subject=who.subject,
            name=who.name,
            email=who.email,
            roles=list(who.roles),
            groups=list(who.groups),
        )
    _renew(user, who, by, now)
    return user


def _reason(who: Identity, user: User | None) -> str:
    if user is not None and not user.is_active:
        return CLOSED
    if not who.has_verified_email:
        return UNVERIFIED
    return "" if who.roles else NO_ROLE


def _refuse(user: User | None, because: str, who: Identity, by: Actor, now: datetime) -> None:
    if user is not None and because == NO_ROLE:
        _set(user, roles=[], groups=list(who.groups))
    event = Event(
        action="user.sign_in_refused", subject=by.ref, result="refused", detail={"reason": because}
    )
    record(event, by=by, at=now)


def _renew(user: User, who: Identity, by: Actor, now: datetime) -> None:
    if list(who.roles) != user.roles:
        detail = {"previous_roles": user.roles, "roles": list(who.roles)}
        event = Event(action="user.roles_changed", subject=by.ref, result="changed", detail=detail)
        record(event, by=by, at=now)
    _set(user, name=who.name, email=who.email, roles=list(who.roles), groups=list(who.groups))


def _set(user: User, **values: object) -> None:
    changed = {name: value for name, value in values.items() if getattr(user, name) != value}
    for name, value in changed.items():
        setattr(user, name, value)
    if changed:
        user.save(update_fields=list(changed))
