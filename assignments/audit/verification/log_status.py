"""Status of the audit log: its latest verification, size, seals and published keys."""

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

ONE_DAY: Final = timedelta(days=1)


def last_verification() -> Verification | None:
    """Return the latest finished verification of the whole log."""
    ended = Verification.objects.exclude(verdict__in=["", IntactSince.word])
    return ended.order_by("-at", "-pk").first()


def broken_verification() -> Verification | None:
    """Return the latest verification if it found the log broken."""
    latest = last_verification()
    return latest if latest and latest.verdict in BROKEN_WORDS else None


def verification_status(*, now: datetime) -> dict[str, object]:
    """Return the template context about the latest verification.

    `broken` holds it if the log was broken; `is_check_old` tells whether it is over a day old.
    """
    latest = last_verification()
    is_broken = latest is not None and latest.verdict in BROKEN_WORDS
    return {
        "verified": latest,
        "broken": latest if is_broken else None,
        "is_check_old": latest is not None and now - latest.at > ONE_DAY,
    }


def count_entries() -> int:
    """Return the number of entries in the log, without pruned ones."""
    return LogHead.entries() - pruned().size


@dataclass(frozen=True, slots=True)
class LogMetrics:
    """Metrics of the log; ages are in seconds, None without a seal or verification."""

    entries: int
    unsealed: int
    seal_age: float | None
    check_age: float | None
    is_intact: bool | None


def measure_log(*, now: datetime) -> LogMetrics:
    """Measure the size of the log, its unsealed entries, and the ages of seal and verification."""
    size = LogHead.entries()
    seal, check = newest_seal(), last_verification()
    return LogMetrics(
        entries=size,
        unsealed=size - (seal.size if seal else 0),
        seal_age=(now - seal.at).total_seconds() if seal else None,
        check_age=(now - check.at).total_seconds() if check else None,
        is_intact=check.verdict not in BROKEN_WORDS if check else None,
    )


def published_keys() -> list[str]:
    """Return the trusted public keys as NAME+ID+KEY, empty if none is configured."""
    try:
        return [str(key) for key in trusted_keys()]
    except KeyUnavailable:
        return []


def second_copy_folder() -> str:
    """Return the folder with copies of the seals outside the database, empty if not set."""
    return str(settings.AUDIT_SEAL_DIR or "")


def actor_of(ref: str) -> Actor:
    """Return the user with this ref as the actor of a worker's actions; otherwise the system."""
    pk = ref.removeprefix("user/")
    user = get_user_model().objects.filter(pk=pk).first() if pk.isdecimal() else None
    if user is None:
        return SYSTEM
    return Actor(ref=ref, means="worker", name=str(user), email=user.get_username())
