"""Values of the metrics, for all accounts; none is about a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Max, Min, Model, QuerySet
from django_tasks_db.models import DBTaskResult

from assignments.models import Account, Assignment, Attempt, Batch, Worker
from assignments.queries.call_rate import calls_per_second
from assignments.queries.connection_status import WORKER_TIMEOUT

State = Assignment.State
CALLS_PERIOD: Final = timedelta(minutes=5)
# Only the newest calls are counted: five minutes at 200 calls a second.
MAX_CALLS: Final = 60_000

# Label values and the value of each sample.
type Samples = list[tuple[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class AccountMetrics:
    """Metrics of one account; ages in seconds, None if it never happened."""

    account: str
    is_paused: bool
    is_failing: bool
    lease_seconds: float
    sync_age: float | None
    calls_per_second: float


def rows() -> Samples:
    """Return the number of rows by account and state."""
    return _counts(Assignment.objects.order_by(), "batch__account__remote_id", "state")


def batches() -> Samples:
    """Return the number of batches by account and state."""
    return _counts(Batch.objects.order_by(), "account__remote_id", "state")


def tasks() -> Samples:
    """Return the number of queued and running tasks by queue; empty with a broker."""
    if settings.CELERY_BROKER_URL:
        return []
    unfinished = DBTaskResult.objects.filter(status__in=["READY", "RUNNING"]).order_by()
    return _counts(unfinished, "queue_name", "status")


def calls(*, now: datetime) -> Samples:
    """Return the number of calls completed in the last 5 minutes by account, outcome and status."""
    newest = Attempt.objects.aggregate(pk=Max("pk"))["pk"] or 0
    recent = Attempt.objects.filter(pk__gt=newest - MAX_CALLS, finished_at__gt=now - CALLS_PERIOD)
    account = "assignment__batch__account__remote_id"
    return _counts(recent.order_by(), account, "outcome", "response_status")


def oldest_due(*, now: datetime) -> Samples:
    """Return by account how many seconds the oldest row that may be sent has waited."""
    running = Assignment.objects.filter(batch__state=Batch.State.RUNNING)
    queued = running.filter(state=State.QUEUED, send_at__lte=now)
    planned = running.filter(state=State.PLANNED)
    return _ages(now, (queued, "send_at"), (planned, "batch__started_at"))


def oldest_unknown(*, now: datetime) -> Samples:
    """Return by account how many seconds ago the oldest unknown outcome became unknown."""
    return _ages(now, (Assignment.objects.filter(state=State.UNKNOWN), "unknown_at"))


def oldest_confirmed(*, now: datetime) -> Samples:
    """Return by account how many seconds ago the oldest confirmed row without record was called."""
    return _ages(now, (Assignment.objects.filter(state=State.CONFIRMED), "unknown_at"))


def workers(*, now: datetime) -> int:
    """Return the number of workers seen in the last minute."""
    return Worker.objects.filter(seen_at__gt=now - WORKER_TIMEOUT).count()


def account_metrics(*, now: datetime) -> Iterable[AccountMetrics]:
    """Yield the metrics of each account."""
    for account in Account.objects.order_by("pk"):
        lease_until = account.sender_lease_until or now
        yield AccountMetrics(
            account=account.remote_id,
            is_paused=account.paused_at is not None,
            is_failing=account.failing_since is not None,
            lease_seconds=max(0.0, (lease_until - now).total_seconds()),
            sync_age=(now - account.synced_at).total_seconds() if account.synced_at else None,
            calls_per_second=calls_per_second(account),
        )


def _counts(rows: QuerySet[Model], *by: str) -> Samples:
    return [
        (tuple("" if value is None else str(value) for value in values), count)
        for *values, count in rows.values_list(*by).annotate(n=Count("pk"))
    ]


def _ages(now: datetime, *sources: tuple[QuerySet[Assignment], str]) -> Samples:
    oldest: dict[str, datetime] = {}
    for assignments, field in sources:
        by_account = assignments.order_by().values_list("batch__account__remote_id")
        for account, at in by_account.annotate(at=Min(field)):
            oldest[account] = min(at, oldest.get(account, at))
    return [((account,), (now - at).total_seconds()) for account, at in sorted(oldest.items())]
