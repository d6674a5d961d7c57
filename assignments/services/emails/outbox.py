"""Send the e-mails that are due: about approvals, and alarms about the audit log.

A row with an `email_at` in the past needs an e-mail, so a lost task loses none. A worker claims a
row by moving its `email_at` forward by RETRY_AFTER; if the mail server is unavailable or the worker
dies, it is sent again then.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.core.mail import EmailMessage, mailers
from django.db.models import Model, QuerySet

from assignments.models import Approval, Verification
from assignments.services.emails import alarms, approvals
from assignments.tls import refusal_of

RETRY_AFTER: Final = timedelta(minutes=5)
log = logging.getLogger("assignments.emails")


@dataclass(frozen=True, slots=True)
class EmailKind[Row: Model]:
    """Rows with an `email_at`, a row's name for the log file, and the e-mails about a row."""

    rows: Callable[[], QuerySet[Row]]
    describe: Callable[[Row], str]
    compose: Callable[[Row], list[EmailMessage]]


KINDS: Final[tuple[EmailKind[Approval], EmailKind[Verification]]] = (
    EmailKind(
        lambda: Approval.objects.select_related("batch__by", "batch__account"),
        lambda approval: str(approval.batch),
        approvals.approval_emails,
    ),
    EmailKind(Verification.objects.all, lambda _: "the audit log", alarms.alarm_emails),
)


def has_due_emails(*, now: datetime) -> bool:
    """Return whether a row needs an e-mail."""
    approvals_kind, alarms_kind = KINDS
    return _due_rows(approvals_kind, now).exists() or _due_rows(alarms_kind, now).exists()


def send_due_emails(*, now: datetime) -> int:
    """Send the e-mails of every row that needs one and return the number of rows."""
    approvals_kind, alarms_kind = KINDS
    return _send_kind(approvals_kind, now) + _send_kind(alarms_kind, now)


def _due_rows[Row: Model](kind: EmailKind[Row], now: datetime) -> QuerySet[Row]:
    return kind.rows().filter(email_at__lte=now)


def _send_kind[Row: Model](kind: EmailKind[Row], now: datetime) -> int:
    retry_at, sent = now + RETRY_AFTER, 0
    for pk in _due_rows(kind, now).order_by("email_at", "pk").values_list("pk", flat=True):
        # Only the worker whose update changes the row sends its e-mails.
        if _due_rows(kind, now).filter(pk=pk).update(email_at=retry_at) and _send(kind, pk):
            # A later `email_at` stays: the row changed while its e-mails were sent.
            kind.rows().filter(pk=pk, email_at=retry_at).update(email_at=None)
            sent += 1
    return sent


def _send[Row: Model](kind: EmailKind[Row], pk: object) -> bool:
    row = kind.rows().get(pk=pk)
    try:
        mailers.default.send_messages(kind.compose(row))
    except OSError as error:
        # smtplib's exceptions are OSErrors. Only the type is logged: a message may hold a password.
        problem = refusal_of(error) or type(error).__name__
        log.warning("No e-mail about %s could be sent: %s", kind.describe(row), problem)
        return False
    return True
