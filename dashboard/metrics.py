"""Prometheus metrics, computed from the tables at each scrape, the same in every process."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from assignments.audit.verification import log_status
from assignments.queries import metric_values
from assignments.siem import forwarding

ACCOUNT: Final = ("account",)
LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
ACCOUNT_METRICS: Final = {
    "desk_account_paused": ("Sending is paused.", "is_paused"),
    "desk_account_failing": ("The LMS does not respond.", "is_failing"),
    "desk_account_lease_seconds": (
        "Time left on its sender's lease; 0: no sender.",
        "lease_seconds",
    ),
    "desk_account_sync_age_seconds": ("Time since the last full sync.", "sync_age"),
    "desk_account_calls_per_second": ("Current limit of calls a second.", "calls_per_second"),
}
SIEM_METRICS: Final = {
    "desk_siem_behind_entries": ("Entries not forwarded to the SIEM yet.", "behind"),
    "desk_siem_failing": ("The SIEM did not accept the last entries.", "is_failing"),
}
LOG_METRICS: Final = {
    "desk_audit_entries": ("Entries in the audit log.", "entries"),
    "desk_audit_unsealed_entries": ("Entries since the newest seal.", "unsealed"),
    "desk_audit_seal_age_seconds": ("Time since the newest seal.", "seal_age"),
    "desk_audit_seal_copied": (
        "The newest seal is also kept outside the database.",
        "has_second_copy",
    ),
    "desk_audit_check_age_seconds": (
        "Time since the last verification of the whole log.",
        "check_age",
    ),
    "desk_audit_check_overdue": (
        "The nightly verification of the whole log was left out.",
        "is_check_overdue",
    ),
    "desk_audit_intact": ("Result of that verification; 0: the log was altered.", "is_intact"),
}

type Families = Iterable[GaugeMetricFamily]


class DeskCollector(Collector):
    """All metrics of the product at one moment."""

    def __init__(self, now: datetime) -> None:
        """Store the moment that ages are computed for."""
        self._now = now

    def collect(self) -> Families:
        """Yield all metric families."""
        yield from self._work()
        yield from self._accounts()
        yield from self._log()
        yield from self._siem()

    def _work(self) -> Families:
        now = self._now
        by_state = (*ACCOUNT, "state")
        yield _family("desk_rows", "Assignments.", by_state, metric_values.rows())
        yield _family("desk_batches", "Batches.", by_state, metric_values.batches())
        description = "Waiting time of the oldest row that may be sent."
        yield _family(
            "desk_oldest_due_seconds", description, ACCOUNT, metric_values.oldest_due(now=now)
        )
        description = "Age of the oldest unknown outcome."
        yield _family(
            "desk_oldest_unknown_seconds",
            description,
            ACCOUNT,
            metric_values.oldest_unknown(now=now),
        )
        description = "Age of the oldest row that the LMS confirmed and does not show."
        yield _family(
            "desk_oldest_confirmed_seconds",
            description,
            ACCOUNT,
            metric_values.oldest_confirmed(now=now),
        )
        by_outcome = (*ACCOUNT, "outcome", "status")
        description = "Calls completed in the last five minutes; status 429: rate limited."
        yield _family("desk_calls_5m", description, by_outcome, metric_values.calls(now=now))
        yield _family("desk_tasks", "Queued tasks.", ("queue", "state"), metric_values.tasks())
        yield _gauge(
            "desk_workers", "Workers seen in the last minute.", metric_values.workers(now=now)
        )

    def _accounts(self) -> Families:
        accounts = list(metric_values.account_metrics(now=self._now))
        for name, (description, attribute) in ACCOUNT_METRICS.items():
            samples = [((account.account,), getattr(account, attribute)) for account in accounts]
            yield _family(name, description, ACCOUNT, samples)

    def _log(self) -> Families:
        yield from _gauges(LOG_METRICS, log_status.measure_log(now=self._now))

    def _siem(self) -> Families:
        if settings.SIEM:
            yield from _gauges(SIEM_METRICS, forwarding.status())


@require_GET
@never_cache
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Respond with all metrics if the request has the token; 404 otherwise."""
    if not _is_authorized(request):
        raise Http404
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DeskCollector(timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _is_authorized(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        header = request.headers.get("Authorization", "")
        return constant_time_compare(header, f"Bearer {settings.METRICS_TOKEN}")
    # With a real LMS a token is required: behind a local proxy every client has a loopback address.
    return settings.IS_SANDBOX and request.META.get("REMOTE_ADDR") in LOOPBACK


def _gauges(metrics: Mapping[str, tuple[str, str]], values: object) -> Families:
    for name, (description, attribute) in metrics.items():
        yield _gauge(name, description, getattr(values, attribute))


def _gauge(name: str, description: str, value: float | None) -> GaugeMetricFamily:
    return _family(name, description, (), [((), value)])


def _family(
    name: str,
    description: str,
    labels: tuple[str, ...],
    samples: Iterable[tuple[tuple[str, ...], float | None]],
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, description, labels=labels)
    for label_values, value in samples:
        if value is not None:
            family.add_metric(label_values, float(value))
    return family
