"""Status of the audit log: its latest verification, size, seals and published keys."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth import get_user_model

from assignments.audit.entries.actors import SYSTEM, Actor
from assignments.audit.integrity.pruned_prefix import pruned
from assignments.audit.seals import second_copy
from assignments.audit.seals.sealing import newest_seal
from assignments.audit.signing.keys import KeyUnavailable, trusted_keys
from assignments.audit.verification.recorded_checks import RecordedCheck, newest_checks
from assignments.models import LogEntry, LogHead

# The nightly verification may take some of this time itself.
OVERDUE_AFTER: Final = timedelta(hours=26)


def last_verification(*, now: datetime) -> RecordedCheck | None:
    """Return the latest finished verification of the whole log."""
    return next(newest_checks(now=now), None)


def broken_verification(*, now: datetime) -> RecordedCheck | None:
    """Return the latest verification if it found the log broken."""
    latest = last_verification(now=now)
    return latest if latest and latest.is_broken else None


def verification_status(*, now: datetime) -> dict[str, object]:
    """Return the template context about the latest verification.

    `broken` holds it if the log was broken; `is_check_overdue` tells whether the nightly
    verification was left out.
    """
    latest = last_verification(now=now)
    return {
        "verified": latest,
        "broken": latest if latest and latest.is_broken else None,
        "is_check_overdue": is_check_overdue(latest, now=now),
    }


def is_check_overdue(latest: RecordedCheck | None, *, now: datetime) -> bool:
    """Tell whether no verification followed the latest, or the log's first entry, for too long."""
    if latest is not None:
        return now - latest.at > OVERDUE_AFTER
    return LogEntry.objects.filter(at__lt=now - OVERDUE_AFTER).exists()


def count_entries() -> int:
    """Return the number of entries in the log, without pruned ones."""
    return LogHead.entries() - pruned().size


@dataclass(frozen=True, slots=True)
class LogMetrics:
    """Metrics of the log; ages are in seconds, None without a seal or verification."""

    entries: int
    unsealed: int
    seal_age: float | None
    has_second_copy: bool | None
    check_age: float | None
    is_check_overdue: bool
    is_intact: bool | None


def measure_log(*, now: datetime) -> LogMetrics:
    """Measure the size of the log, its unsealed entries, and the ages of seal and verification."""
    size = LogHead.entries()
    seal, check = newest_seal(), last_verification(now=now)
    return LogMetrics(
        entries=size,
        unsealed=size - (seal.size if seal else 0),
        seal_age=(now - seal.at).total_seconds() if seal else None,
        has_second_copy=second_copy.has_copy(seal) if seal else None,
        check_age=(now - check.at).total_seconds() if check else None,
        is_check_overdue=is_check_overdue(check, now=now),
        is_intact=not check.is_broken if check else None,
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
