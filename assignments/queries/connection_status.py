"""Status of the connection to the LMS, shown in the layout of every page."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.utils.timesince import timesince

from assignments.models import Account, Worker
from assignments.queries.account_scope import distinct_names
from assignments.queries.formatting import moment

WORKER_TIMEOUT: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """Words and dot of the top bar, and a notice above the page if there is a problem."""

    words: str
    mood: str = ""
    notice: str = ""


def connection_status(accounts: Collection[Account], *, now: datetime) -> ConnectionStatus:
    """Return the status of the accounts together: their problems, else the oldest sync."""
    names = distinct_names(accounts)
    problems = [p for account in accounts if (p := _problem_status(account, names[account.pk]))]
    if problems:
        return replace(problems[0], notice=" ".join(problem.notice for problem in problems))
    synced_at = [account.synced_at for account in accounts if account.synced_at is not None]
    if len(synced_at) < len(accounts) or not accounts:
        return ConnectionStatus("Fetching people" if accounts else "Not connected yet", "warn")
    ago = timesince(min(synced_at), now, depth=1)
    is_fresh = now - min(synced_at) < timedelta(minutes=1)
    label = f"{len(names)} accounts" if len(names) > 1 else "".join(names.values())
    return ConnectionStatus(f"Synced {'just now' if is_fresh else ago + ' ago'} · {label}")


def has_running_worker(*, now: datetime) -> bool:
    """Return whether a worker was seen in the last minute."""
    return Worker.objects.filter(seen_at__gt=now - WORKER_TIMEOUT).exists()


def has_several_workers(*, now: datetime) -> bool:
    """Return whether more than one worker was seen in the last minute."""
    return Worker.objects.filter(seen_at__gt=now - WORKER_TIMEOUT).count() > 1


def _problem_status(account: Account, name: str) -> ConnectionStatus | None:
    if account.paused_at is not None:
        notice = f"Sending to {name} is paused. {account.pause_reason}"
        return ConnectionStatus(f"Paused · {name}", "bad", notice)
    if account.failing_since is not None:
        outage = (
            f"{name} does not respond. You can prepare drafts. Running batches wait and resume "
            "automatically; nothing is lost or sent twice."
        )
        return ConnectionStatus(f"Not responding · {name}", "bad", outage)
    if account.sync_failing_since is not None:
        stale = (
            f"People and content of {name} have not been read completely since "
            f"{moment(account.sync_failing_since)}. They are shown as they were read before. "
            "Settings say why, and when it is tried again."
        )
        return ConnectionStatus(f"Sync fails · {name}", "warn", stale)
    return None
