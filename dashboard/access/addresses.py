"""E-mail addresses that users have or had, as keyed hashes: users who share one are one person.

An address can pass to somebody else. An administrator then confirms that they are two people.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils.crypto import salted_hmac

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.log import Event, record
from dashboard.access.models import User, UserAddress


class ReleaseRefused(Exception):
    """The addresses still count as the user's; the message says why."""


@dataclass(frozen=True, slots=True)
class SharedAddress:
    """An address and the users who have or had it; empty if none of them has it now."""

    email: str
    users: list[User]


@transaction.atomic
def record_address(user: User, *, by: Actor, now: datetime) -> None:
    """Store the hash of the user's address, and record if another user has or had the same."""
    stored = set(user.addresses.values_list("digest", flat=True))
    new = [digest for digest in _digests(user.email) if digest not in stored]
    UserAddress.objects.bulk_create(
        UserAddress(user=user, digest=digest, first_seen_at=now) for digest in new
    )
    others = User.objects.filter(addresses__digest__in=new).exclude(pk=user.pk)
    _record("user.address_shared", user, list(others.distinct().order_by("pk")), by, now)


def shared_addresses() -> list[SharedAddress]:
    """Return the addresses that several users have or had."""
    counts = UserAddress.objects.values("digest").annotate(users=Count("user"))
    shared = UserAddress.objects.filter(digest__in=counts.filter(users__gt=1).values("digest"))
    users_by_digest: dict[str, list[User]] = {}
    for address in shared.select_related("user").order_by("first_seen_at", "pk"):
        users_by_digest.setdefault(address.digest, []).append(address.user)
    # An address has a digest for each key: the users are listed once.
    groups = {tuple(user.pk for user in users): users for users in users_by_digest.values()}
    return [
        SharedAddress(_current_email(users, users_by_digest), users) for users in groups.values()
    ]


@transaction.atomic
def release_addresses(user: User, *, by: Actor, now: datetime) -> None:
    """Confirm that the addresses that others share with a user have passed to another person.

    :raises ReleaseRefused: if nobody else shares one, or the administrator is one of its users
    """
    own = user.addresses.values("digest")
    others = User.objects.filter(addresses__digest__in=own).exclude(pk=user.pk)
    sharing = list(others.distinct().order_by("pk"))
    if not sharing:
        raise ReleaseRefused("Nobody else has an address of this user now.")
    if by.ref in {_ref(person) for person in (user, *sharing)}:
        raise ReleaseRefused("You are one of them, so another administrator has to confirm it.")
    of_others = UserAddress.objects.filter(user__in=sharing).values_list("digest", flat=True)
    user.addresses.filter(digest__in=list(of_others)).delete()
    _record("user.address_released", user, sharing, by, now)


def _digests(email: str) -> list[str]:
    """Return the hash of an address under each key that is in use; none if it is empty."""
    address = email.strip().casefold()
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS] if address else []
    salt = "assignment-desk/address/1"
    return [salted_hmac(salt, address, key, algorithm="sha256").hexdigest() for key in keys]


def _current_email(users: list[User], users_by_digest: dict[str, list[User]]) -> str:
    emails = (
        user.email
        for user in users
        if any(users_by_digest.get(digest) == users for digest in _digests(user.email))
    )
    return next(emails, "")


def _record(action: str, user: User, others: list[User], by: Actor, now: datetime) -> None:
    if not others:
        return
    people = tuple(
        Person(ref=_ref(person), name=person.name, email=person.email) for person in (*others, user)
    )
    result = action.rpartition("_")[2]
    record(Event(action=action, subject=_ref(user), result=result, people=people), by=by, at=now)


def _ref(user: User) -> str:
    return f"user/{user.pk}"
