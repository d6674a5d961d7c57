"""Provisioning: create or update the user of an identity, or refuse and log the sign-in."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.log import Event, record
from dashboard.access.addresses import record_address
from dashboard.access.identities import Identity
from dashboard.access.models import User

logger = logging.getLogger("dashboard.sign_in")
NO_ROLE: Final = "no role"
TOO_MANY_GROUPS: Final = "too many groups"
EMAIL_NOT_VERIFIED: Final = "e-mail not verified"
DEACTIVATED: Final = "deactivated"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a person whom the identity provider vouches for may not sign in."""

    reason: str


@transaction.atomic
def provision_user(identity: Identity, *, by: Actor, now: datetime) -> User | Refusal:
    """Return the user with the current name, e-mail, roles and groups of the identity.

    Changes of name, e-mail and roles are recorded. A user who has lost every role at the provider
    loses the roles here too, and is refused.
    """
    user = User.objects.filter(issuer=identity.issuer, subject=identity.subject).first()
    reason = _reason_to_refuse(identity, user)
    if reason:
        _refuse(user, reason, identity, by, now)
        return Refusal(reason)
    if user is None:
        user = User.objects.create(
            issuer=identity.issuer,
            subject=identity.subject,
            name=identity.name,
            email=identity.email,
            roles=list(identity.roles),
            groups=list(identity.groups),
        )
    else:
        _update(user, identity, by, now)
    record_address(user, by=by, now=now)
    return user


def _reason_to_refuse(identity: Identity, user: User | None) -> str:
    if user is not None and not user.is_active:
        return DEACTIVATED
    if not identity.has_verified_email:
        return EMAIL_NOT_VERIFIED
    if identity.has_too_many_groups:
        return TOO_MANY_GROUPS
    return "" if identity.roles else NO_ROLE


def _refuse(user: User | None, reason: str, identity: Identity, by: Actor, now: datetime) -> None:
    if user is not None and reason in {NO_ROLE, TOO_MANY_GROUPS}:
        _save_changes(user, roles=[], groups=list(identity.groups))
    if reason == TOO_MANY_GROUPS:
        logger.warning(
            "The identity provider left a person's groups out, because there are too many for a "
            "token. Let it send only the groups that are assigned to this application, or app "
            "roles with OIDC_ROLE_CLAIM=roles; docs/operators.md says how."
        )
    event = Event(
        action="user.sign_in_refused", subject=by.ref, result="refused", detail={"reason": reason}
    )
    record(event, by=by, at=now)


def _update(user: User, identity: Identity, by: Actor, now: datetime) -> None:
    roles = list(identity.roles)
    if roles != user.roles:
        detail = {"previous_roles": user.roles, "roles": roles}
        event = Event(action="user.roles_changed", subject=by.ref, result="changed", detail=detail)
        record(event, by=by, at=now)
    _record_new_details(user, identity, by, now)
    _save_changes(
        user, name=identity.name, email=identity.email, roles=roles, groups=list(identity.groups)
    )


def _record_new_details(user: User, identity: Identity, by: Actor, now: datetime) -> None:
    previous = Person(ref=by.ref, name=user.name, email=user.email)
    current = Person(ref=by.ref, name=identity.name, email=identity.email)
    if previous == current:
        return
    changed = [
        name for name in ("name", "email") if getattr(previous, name) != getattr(current, name)
    ]
    event = Event(
        action="user.details_changed",
        subject=by.ref,
        result="changed",
        people=(previous, current),
        detail={"changed": changed},
    )
    record(event, by=by, at=now)


def _save_changes(user: User, **values: object) -> None:
    changed = {name: value for name, value in values.items() if getattr(user, name) != value}
    for name, value in changed.items():
        setattr(user, name, value)
    if changed:
        user.save(update_fields=list(changed))
