"""Verification jobs: long or nightly verifications of the whole log, run by a worker."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from assignments.audit.entries.actors import Actor
from assignments.audit.verification.recorded_checks import CLOCK_TOLERANCE, newest_checks
from assignments.audit.verification.whole_log import verify_log
from assignments.models import LogHead, Verification

# Up to this many entries are verified while a page waits; takes half a second.
MAX_IN_REQUEST: Final = 50_000
NIGHTLY_AT: Final = time(2)
ABANDONED_AFTER: Final = timedelta(hours=1)
PROGRESS_INTERVAL: Final = timedelta(seconds=1)


def is_log_short() -> bool:
    """Tell whether the log is short enough to be verified while a page waits."""
    return LogHead.objects.filter(size__lte=MAX_IN_REQUEST).exists()


def begin_verification(*, by: Actor, now: datetime) -> Verification:
    """Create a verification for a worker to run, so that its page can show the progress."""
    return Verification.objects.create(at=now, by=by.ref, size=LogHead.entries())


def begin_nightly_verification(*, by: Actor, now: datetime) -> Verification | None:
    """Return tonight's verification if the caller is the one to run it, else None.

    It has ended if an entry of the log says so, whatever its row says. One without progress for an
    hour is taken over. Nights begin at 02:00 in the default time zone.
    """
    local = timezone.localtime(now, timezone.get_default_timezone())
    night = local.date() if local.time() >= NIGHTLY_AT else local.date() - timedelta(days=1)
    if any(check.night == night for check in newest_checks(now=now)):
        return None
    values = {"at": now, "by": by.ref, "size": LogHead.entries()}
    run, is_new = Verification.objects.get_or_create(night=night, defaults=values)
    if is_new:
        return run
    runs = Q(at__range=(now - ABANDONED_AFTER, now + CLOCK_TOLERANCE), verdict="")
    abandoned = Verification.objects.filter(~runs, pk=run.pk)
    if not abandoned.update(at=now, verdict="", checked=0):
        return None
    run.refresh_from_db()
    return run


def run_verification(run: Verification, *, by: Actor, clock: Callable[[], datetime]) -> None:
    """Run a verification and save its progress every second."""
    saved_at = clock()

    def save_progress(checked: int) -> None:
        nonlocal saved_at
        if clock() - saved_at >= PROGRESS_INTERVAL:
            saved_at = clock()
            Verification.objects.filter(pk=run.pk).update(checked=checked, at=saved_at)

    verify_log(by=by, now=clock(), progress=save_progress, run=run)
