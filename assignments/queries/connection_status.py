"""What the frame of every page says: how the connection to the LMS stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.timesince import timesince

from assignments.models import Account, Worker

WORKER_IS_GONE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Connection:
    """The dot and words of the top bar, and a sentence above the page if something is wrong."""

    words: str
    mood: str = ""
    notice: str = ""


def connection(*, now: datetime) -> Connection:
    """Return how the first account stands."""
    account = Account.objects.order_by("pk").first()
    if account is None or account.synced_at is None:
        return Connection("Fetching people" if account else "Not connected yet", "warn")
    trouble = _trouble(account)
    if trouble is not None:
        return trouble
    ago = timesince(account.synced_at, now, depth=1)
    is_fresh = now - account.synced_at < timedelta(minutes=1)
    return Connection(f"Synced {'just now' if is_fresh else ago + ' ago'} · {account}")


def is_worker_seen(*, now: datetime) -> bool:
    """Return whether a worker was alive in the last minute."""
    return Worker.objects.filter(seen_at__gt=now - WORKER_IS_GONE).exists()


def _trouble(account: Account) -> Connection | None:
    if account.paused_at is not None:
        notice = f"Sending is paused. {account.pause_reason}"
        return Connection(f"Paused · {account}", "bad", notice)
    if account.failing_since is None:
        return None
    outage = (
        f"{account} is not answering. You can prepare drafts. Running batches wait and go on by "
        "themselves; nothing is lost or sent twice."
    )
    return Connection(f"Not answering · {account}", "bad", outage)
