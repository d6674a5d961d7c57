"""Letters that rows ask for: about approvals, and about a log that was found altered.

A row says that a letter is due, so a lost task loses no letter. Whoever takes it has some minutes;
if the mail server is down or the sender dies it is taken again.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.core.mail import EmailMessage, mailers
from django.db.models import QuerySet

from assignments.models import Approval, Verification
from assignments.services.emails import alarms, approvals

TRY_AGAIN_AFTER: Final = timedelta(minutes=5)
log = logging.getLogger("assignments.emails")


class Kind(NamedTuple):
    """Rows with a `email_at`, how one is called in our own log, and what is written about it."""

    rows: Callable[[], QuerySet[Any]]
    called: Callable[[Any], str]
    write: Callable[[Any], list[EmailMessage]]


KINDS: Final = (
    Kind(
        lambda: Approval.objects.select_related("batch__by", "batch__account"),
        lambda approval: str(approval.batch),
        approvals.about,
    ),
    Kind(Verification.objects.all, lambda _: "the audit log", alarms.about),
)


def are_due(*, now: datetime) -> bool:
    """Return whether a letter is to be written."""
    return any(_due(kind, now).exists() for kind in KINDS)


def send_due(*, now: datetime) -> int:
    """Write every letter that is due and return about how many rows."""
    return sum(_send_kind(kind, now) for kind in KINDS)


def _due(kind: Kind, now: datetime) -> QuerySet[Any]:
    return kind.rows().filter(email_at__lte=now)


def _send_kind(kind: Kind, now: datetime) -> int:
    until, sent = now + TRY_AGAIN_AFTER, 0
    for pk in _due(kind, now).order_by("email_at", "pk").values_list("pk", flat=True):
        # One sender for a letter: the one whose update finds it due.
        if _due(kind, now).filter(pk=pk).update(email_at=until) and _send(kind, pk):
            # Unless there is something new to tell since.
            kind.rows().filter(pk=pk, email_at=until).update(email_at=None)
            sent += 1
    return sent


def _send(kind: Kind, pk: object) -> bool:
    row = kind.rows().get(pk=pk)
    try:
        mailers.default.send_messages(kind.write(row))
    except OSError as error:
        # Also what smtplib raises. The address may hold a password, the error does not.
        problem = type(error).__name__
        log.warning("No letter about %s could be sent: %s", kind.called(row), problem)
        return False
    return True
