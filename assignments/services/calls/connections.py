"""Linked LMS accounts: open a client, pause and resume an account, note that it is unreachable."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction

from assignments.audit.entries.actors import SYSTEM, Actor, Person
from assignments.audit.log import Event, record
from assignments.models import Account, Learner
from assignments.services.redaction import logged_person, names_of, redact_names
from assignments.stackone.call_loop import ClientOptions
from assignments.stackone.client import StackOne
from assignments.stackone.errors import AccountUnusable, NotSupported

LONGEST_NAME: Final = 100
LONGEST_WORDS: Final = 200
# So many refusals without any other response mean the account, whomever the calls were about.
REFUSALS_IN_A_ROW: Final = 10
RESTORED: Final = (
    "The database was restored from a backup, so rows that were sent since then are shown as "
    "waiting. Sync, stop the batches that were running and copy them to new drafts, then resume."
)


def configured_accounts() -> list[Account]:
    """Return the accounts of STACKONE_ACCOUNT_ID in its order, creating those that are new."""
    remote_ids = settings.STACKONE_ACCOUNT_IDS
    by_remote_id = {
        account.remote_id: account for account in Account.objects.filter(remote_id__in=remote_ids)
    }
    return [
        by_remote_id.get(remote_id) or Account.objects.get_or_create(remote_id=remote_id)[0]
        for remote_id in remote_ids
    ]


def open_client(account_id: str, *, before_request: Callable[[], None]) -> StackOne:
    """Return a blocking client; `before_request` returns when the next request may be sent."""
    return StackOne(before_request=before_request, **client_options(account_id))


@transaction.atomic
def pause_account(
    *,
    account: Account,
    error: AccountUnusable,
    now: datetime,
    learner: Learner | None = None,
    in_a_row: int = 1,
) -> None:
    """Pause sending for an account that StackOne refuses; does nothing if it is paused.

    :param learner: whom the last refused call was about, if it was about one person
    :param in_a_row: how many calls StackOne has refused since it accepted one
    """
    call = "a call" if in_a_row == 1 else f"{in_a_row:,} calls in a row"
    if learner is None:
        _pause(account, pause_reason(error, call), {"response": error.response}, SYSTEM, now)
        return
    about = " for" if in_a_row == 1 else ", the last for"
    reason = pause_reason(error, f"{call}{about} {learner.name[:LONGEST_NAME]}")
    detail = {"reason": pause_reason(error, call), "response": error.response}
    redacted = redact_names(detail, names_of(learner))
    _pause(account, reason, redacted, SYSTEM, now, people=(logged_person(learner),))


@transaction.atomic
def pause_after_restore(*, by: Actor, now: datetime) -> None:
    """Pause every account: rows sent since the backup are waiting again and would be resent."""
    for account in Account.objects.order_by("pk"):
        _pause(account, RESTORED, {}, by, now)


def _pause(
    account: Account,
    reason: str,
    detail: Mapping[str, object],
    by: Actor,
    now: datetime,
    *,
    people: tuple[Person, ...] = (),
) -> None:
    is_newly_paused = Account.objects.filter(pk=account.pk, paused_at=None).update(
        paused_at=now, pause_reason=reason
    )
    if is_newly_paused:
        event = Event(
            action="account.paused",
            account=account.remote_id,
            people=people,
            detail={"reason": reason, **detail},
        )
        record(event, by=by, at=now)


@transaction.atomic
def resume_account(*, account: Account, by: Actor, now: datetime) -> None:
    """Resume sending for an account; its waiting rows are sent without further action."""
    is_resumed = Account.objects.filter(pk=account.pk, paused_at__isnull=False).update(
        paused_at=None, pause_reason="", failing_since=None
    )
    if is_resumed:
        record(Event(action="account.resumed", account=account.remote_id), by=by, at=now)


def record_outage(account: Account, *, now: datetime) -> None:
    """Store when the LMS became unreachable, for the pages to show."""
    Account.objects.filter(pk=account.pk, failing_since=None).update(failing_since=now)


def clear_outage(account: Account) -> None:
    """Store that the LMS is reachable again."""
    failing = Account.objects.filter(pk=account.pk, failing_since__isnull=False)
    failing.update(failing_since=None)


def client_options(account_id: str) -> ClientOptions:
    """Return the keyword arguments for a client of the account, including the API key."""
    return {
        "base_url": settings.STACKONE_BASE_URL,
        "api_key": settings.STACKONE_API_KEY,
        "account_id": account_id,
        "contract": settings.STACKONE_CONTRACT,
        "status_style": settings.STACKONE_STATUS_STYLE,
        "timeout_seconds": settings.STACKONE_TIMEOUT_SECONDS,
        "allows_private": settings.STACKONE_ALLOW_PRIVATE,
    }


def pause_reason(error: AccountUnusable, call: str) -> str:
    """Return what StackOne refused, in its words, and what to do."""
    message = error.message.removeprefix(f"StackOne responded {error.status} ")
    words = message[:LONGEST_WORDS].rstrip(". ")
    return f"StackOne refused {call} ({error.status}): {words}. {_advice(error)}, then resume."


def _advice(error: AccountUnusable) -> str:
    if isinstance(error, NotSupported):
        return "Ask the LMS administrator whether the LMS can create assignments through StackOne"
    if error.status in {401, 403}:
        return "Check STACKONE_API_KEY and its rights"
    return "Check the linked account in StackOne, and link it again if needed"
