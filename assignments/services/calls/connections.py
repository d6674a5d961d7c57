"""Talking to a linked LMS account: opening a client, pausing and resuming the account."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from assignments.audit.entries.actors import SYSTEM, Actor
from assignments.audit.log import Event, record
from assignments.models import Account
from assignments.stackone.client import StackOne
from assignments.stackone.errors import AccountUnusable, NotSupported

RESTORED: Final = (
    "The database was restored from a backup, so what was sent since then stands as waiting. Sync, "
    "stop the batches that were under way and copy them to new drafts, then resume."
)


def accounts() -> list[Account]:
    """Return the configured accounts in their order, storing the ones that are new."""
    wanted = settings.STACKONE_ACCOUNT_IDS
    for remote_id in wanted:
        Account.objects.get_or_create(remote_id=remote_id)
    found = {account.remote_id: account for account in Account.objects.filter(remote_id__in=wanted)}
    return [found[remote_id] for remote_id in wanted]


def open_client(account_id: str, *, pace: Callable[[], None]) -> StackOne:
    """Return a client for the account; `pace` is called before each of its requests."""
    return StackOne(pace=pace, **options(account_id))


@transaction.atomic
def pause_account(*, account: Account, error: AccountUnusable, now: datetime) -> None:
    """Stop sending for the account, once, with the sentence that everybody will read."""
    _pause(account, reason_to_pause(error), {"reply": error.reply}, SYSTEM, now)


@transaction.atomic
def pause_after_restore(*, by: Actor, now: datetime) -> None:
    """Stop sending for every account: rows that were sent since the backup stand as waiting."""
    for account in Account.objects.order_by("pk"):
        _pause(account, RESTORED, {}, by, now)


def _pause(
    account: Account, because: str, detail: Mapping[str, object], by: Actor, now: datetime
) -> None:
    paused = Account.objects.filter(pk=account.pk, paused_at=None).update(
        paused_at=now, pause_reason=because
    )
    if paused:
        told = {"reason": because, **detail}
        record(
            Event(action="account.paused", account=account.remote_id, detail=told), by=by, at=now
        )


@transaction.atomic
def resume_account(*, account: Account, by: Actor, now: datetime) -> None:
    """Send for the account again; what waits goes on by itself."""
    resumed = Account.objects.filter(pk=account.pk, paused_at__isnull=False).update(
        paused_at=None, pause_reason="", failing_since=None
    )
    if resumed:
        record(Event(action="account.resumed", account=account.remote_id), by=by, at=now)


def note_outage(account: Account, *, now: datetime) -> None:
    """Remember since when the LMS cannot be reached, for everybody to see."""
    Account.objects.filter(pk=account.pk, failing_since=None).update(failing_since=now)


def note_answer(account: Account) -> None:
    """Remember that the LMS answers again."""
    failing = Account.objects.filter(pk=account.pk, failing_since__isnull=False)
    failing.update(failing_since=None)


def options(account_id: str) -> dict[str, Any]:
    """Return what a client of the account is made with; the key is among it."""
    return {
        "base_url": settings.STACKONE_BASE_URL,
        "api_key": settings.STACKONE_API_KEY,
        "account_id": account_id,
        "contract": settings.STACKONE_CONTRACT,
        "status_style": settings.STACKONE_STATUS_STYLE,
        "timeout_seconds": settings.STACKONE_TIMEOUT_SECONDS,
        "allows_private": settings.STACKONE_ALLOW_PRIVATE,
    }


def reason_to_pause(error: AccountUnusable) -> str:
    """Return what a refused account means and what to do, in one plain sentence."""
    if isinstance(error, NotSupported):
        return "This LMS cannot create assignments through StackOne. Ask the LMS administrator."
    if error.status in {401, 403}:
        return "StackOne refused the key. Check STACKONE_API_KEY and its rights, then resume."
    return "StackOne cannot use the linked account. Re-link it in StackOne, then resume."
