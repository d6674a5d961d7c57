"""The numbers that an operator watches, for all accounts; never about a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Max, Min, QuerySet
from django_tasks_db.models import DBTaskResult

from assignments.models import Account, Assignment, Attempt, Batch, Worker
from assignments.queries.call_rate import calls_per_second
from assignments.queries.connection_status import WORKER_IS_GONE

State = Assignment.State
RECENT: Final = timedelta(minutes=5)
# Only the newest are looked at: five minutes of two hundred calls a second.
MOST_CALLS: Final = 60_000

type Counted = list[tuple[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one account stands; ages in seconds, none for what has not happened."""

    account: str
    is_paused: bool
    is_failing: bool
    lease_seconds: float
    sync_age: float | None
    calls_per_second: float


def rows() -> Counted:
    """Return how many rows there are by account and state."""
    return _counted(Assignment.objects.order_by(), "batch__account__remote_id", "state")


def batches() -> Counted:
    """Return how many batches there are by account and state."""
    return _counted(Batch.objects.order_by(), "account__remote_id", "state")


def tasks() -> Counted:
    """Return how many tasks wait and run by queue; with a broker they are not kept here."""
    if settings.CELERY_BROKER_URL:
        return []
    open_ones = DBTaskResult.objects.filter(status__in=["READY", "RUNNING"]).order_by()
    return _counted(open_ones, "queue_name", "status")


def calls(*, now: datetime) -> Counted:
    """Return how many calls ended in the last five minutes by account, outcome and status."""
    newest = Attempt.objects.aggregate(pk=Max("pk"))["pk"] or 0
    recent = Attempt.objects.filter(pk__gt=newest - MOST_CALLS, finished_at__gt=now - RECENT)
    account = "assignment__batch__account__remote_id"
    return _counted(recent.order_by(), account, "outcome", "response_status")


def oldest_due(*, now: datetime) -> Counted:
    """Return for how many seconds the oldest row that may be sent has waited, by account."""
    running = Assignment.objects.filter(batch__state=Batch.State.RUNNING)
    queued = running.filter(state=State.QUEUED, send_at__lte=now)
    planned = running.filter(state=State.PLANNED)
    return _ages(now, (queued, "send_at"), (planned, "batch__started_at"))


def oldest_unknown(*, now: datetime) -> Counted:
    """Return for how many seconds the oldest unclear outcome has been unclear, by account."""
    return _ages(now, (Assignment.objects.filter(state=State.UNKNOWN), "unknown_at"))


def workers(*, now: datetime) -> int:
    """Return how many workers were seen in the last minute."""
    return Worker.objects.filter(seen_at__gt=now - WORKER_IS_GONE).count()


def standings(*, now: datetime) -> Iterable[Standing]:
    """Yield how each account stands."""
    for account in Account.objects.order_by("pk"):
        lease = (
            (account.sender_lease_until - now).total_seconds()
            if account.sender_lease_until
            else 0.0
        )
        yield Standing(
            account=account.remote_id,
            is_paused=account.paused_at is not None,
            is_failing=account.failing_since is not None,
            lease_seconds=max(0.0, lease),
            sync_age=(now - account.synced_at).total_seconds() if account.synced_at else None,
            calls_per_second=calls_per_second(account),
        )


def _counted(found: QuerySet[Any], *by: str) -> Counted:
    return [
        (tuple("" if value is None else str(value) for value in values), count)
        for *values, count in found.values_list(*by).annotate(n=Count("pk"))
    ]


def _ages(now: datetime, *sources: tuple[QuerySet[Assignment], str]) -> Counted:
    oldest: dict[str, datetime] = {}
    for found, since in sources:
        grouped = found.order_by().values_list("batch__account__remote_id").annotate(at=Min(since))
        for account, at in grouped:
            oldest[account] = min(at, oldest.get(account, at))
    return [((account,), (now - at).total_seconds()) for account, at in sorted(oldest.items())]
