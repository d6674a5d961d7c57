"""How the log stands: the newest check, the keys that count, and who asked for a check."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth import get_user_model

from assignments.audit.entries.actors import SYSTEM, Actor
from assignments.audit.integrity.pruned_prefix import pruned
from assignments.audit.integrity.verdicts import BROKEN_WORDS, IntactSince
from assignments.audit.seals.sealing import newest_seal
from assignments.audit.signing.keys import KeyUnavailable, trusted_keys
from assignments.models import LogHead, Verification

A_DAY: Final = timedelta(days=1)


def last_verification() -> Verification | None:
    """Return the newest check of the whole log that has ended."""
    ended = Verification.objects.exclude(verdict__in=["", IntactSince.word])
    return ended.order_by("-at", "-pk").first()


def alarm() -> Verification | None:
    """Return the newest check if it found the log broken."""
    found = last_verification()
    return found if found and found.verdict in BROKEN_WORDS else None


def standing(*, now: datetime) -> dict[str, object]:
    """Return the newest check, whether it found the log broken, and whether it is a day old."""
    found = last_verification()
    is_broken = found is not None and found.verdict in BROKEN_WORDS
    is_old = found is not None and now - found.at > A_DAY
    return {
        "verified": found,
        "broken": found if is_broken else None,
        "is_check_old": is_old,
    }


def entries_left() -> int:
    """Return how many entries the log has besides those that were pruned."""
    return LogHead.entries() - pruned().size


@dataclass(frozen=True, slots=True)
class Figures:
    """The log in numbers; ages in seconds, none for what has not happened."""

    entries: int
    unsealed: int
    seal_age: float | None
    check_age: float | None
    is_intact: bool | None


def figures(*, now: datetime) -> Figures:
    """Return how large the log is, how much of it no seal vouches for, and what was found last."""
    size = LogHead.entries()
    seal, check = newest_seal(), last_verification()
    return Figures(
        entries=size,
        unsealed=size - (seal.size if seal else 0),
        seal_age=(now - seal.at).total_seconds() if seal else None,
        check_age=(now - check.at).total_seconds() if check else None,
        is_intact=check.verdict not in BROKEN_WORDS if check else None,
    )


def public_keys() -> list[str]:
    """Return the keys whose seals count, as they are to be published; none if there are none."""
    try:
        return [str(key) for key in trusted_keys()]
    except KeyUnavailable:
        return []


def second_place() -> str:
    """Return the folder where seals are kept besides the database."""
    return str(settings.AUDIT_SEAL_DIR or "")


def actor_of(ref: str) -> Actor:
    """Return the person or program with this ref as the actor of what a worker does for them."""
    pk = ref.removeprefix("user/")
    user = get_user_model().objects.filter(pk=pk).first() if pk.isdecimal() else None
    if user is None:
        return SYSTEM
    return Actor(ref=ref, means="worker", name=str(user), email=user.get_username())
