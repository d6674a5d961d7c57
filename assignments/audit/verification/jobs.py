"""Checks of the whole log that take long or come by the clock: begun by one, ended by a worker."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Final

from django.utils import timezone

from assignments.audit.entries.actors import Actor
from assignments.audit.verification.whole_log import verify_log
from assignments.models import LogHead, Verification

# So many entries are checked while a page waits: half a second.
AT_ONCE: Final = 50_000
NIGHT: Final = time(2)
ABANDONED: Final = timedelta(hours=1)
TOLD_EVERY: Final = timedelta(seconds=1)


def is_short() -> bool:
    """Tell whether the log is checked while a page waits."""
    return LogHead.objects.filter(size__lte=AT_ONCE).exists()


def begin(*, by: Actor, now: datetime) -> Verification:
    """Write down that a check was asked for, so that its page can follow it."""
    return Verification.objects.create(at=now, by=by.ref, size=LogHead.entries())


def begin_nightly(*, by: Actor, now: datetime) -> Verification | None:
    """Return tonight's check if it is still to be made, and by this caller.

    One that was begun and not gone on with for an hour is taken over.
    """
    here = timezone.localtime(now, timezone.get_default_timezone())
    night = here.date() if here.time() >= NIGHT else here.date() - timedelta(days=1)
    values = {"at": now, "by": by.ref, "size": LogHead.entries()}
    run, is_new = Verification.objects.get_or_create(night=night, defaults=values)
    if is_new or run.verdict:
        return run if is_new else None
    left = Verification.objects.filter(pk=run.pk, verdict="", at__lt=now - ABANDONED)
    return run if left.update(at=now) else None


def go_through(run: Verification, *, by: Actor, clock: Callable[[], datetime]) -> None:
    """Make a check that was begun, and tell how far it is about every second."""
    told = clock()

    def tell(checked: int) -> None:
        nonlocal told
        if clock() - told >= TOLD_EVERY:
            told = clock()
            Verification.objects.filter(pk=run.pk).update(checked=checked, at=told)

    verify_log(by=by, now=clock(), progress=tell, run=run)
