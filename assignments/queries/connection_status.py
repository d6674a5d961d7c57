"""Status of the connection to the LMS, shown in the layout of every page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.timesince import timesince

from assignments.models import Account, Worker

WORKER_TIMEOUT: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """Words and dot of the top bar, and a notice above the page if there is a problem."""

    words: str
    mood: str = ""
    notice: str = ""


def connection_status(*, now: datetime) -> ConnectionStatus:
    """Return the status of the first account."""
    account = Account.objects.order_by("pk").first()
    if account is None or account.synced_at is None:
        return ConnectionStatus("Fetching people" if account else "Not connected yet", "warn")
    problem = _problem_status(account)
    if problem is not None:
        return problem
    ago = timesince(account.synced_at, now, depth=1)
    is_fresh = now - account.synced_at < timedelta(minutes=1)
    return ConnectionStatus(f"Synced {'just now' if is_fresh else ago + ' ago'} · {account}")


def has_running_worker(*, now: datetime) -> bool:
    """Return whether a worker was seen in the last minute."""
    return Worker.objects.filter(seen_at__gt=now - WORKER_TIMEOUT).exists()


def _problem_status(account: Account) -> ConnectionStatus | None:
    if account.paused_at is not None:
        notice = f"Sending is paused. {account.pause_reason}"
        return ConnectionStatus(f"Paused · {account}", "bad", notice)
    if account.failing_since is None:
        return None
    outage = (
        f"{account} does not respond. You can prepare drafts. Running batches wait and resume "
        "automatically; nothing is lost or sent twice."
    )
    return ConnectionStatus(f"Not responding · {account}", "bad", outage)
