"""Numbers for Prometheus, read from the tables at each visit: all processes say the same."""

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
HERE: Final = frozenset({"127.0.0.1", "::1"})
AT_ACCOUNTS: Final = {
    "desk_account_paused": ("Sending is paused.", "is_paused"),
    "desk_account_failing": ("The LMS does not answer.", "is_failing"),
    "desk_account_lease_seconds": ("How long its sender may go on; 0: none.", "lease_seconds"),
    "desk_account_sync_age_seconds": ("Since the last whole sync.", "sync_age"),
    "desk_account_calls_per_second": ("What may be sent at most now.", "calls_per_second"),
}
AT_SIEM: Final = {
    "desk_siem_behind_entries": ("Entries that the SIEM has not taken yet.", "behind"),
    "desk_siem_failing": ("It did not take what was sent last.", "is_failing"),
}
AT_LOG: Final = {
    "desk_audit_entries": ("Entries in the audit log.", "entries"),
    "desk_audit_unsealed_entries": ("Entries since the newest seal.", "unsealed"),
    "desk_audit_seal_age_seconds": ("Since the newest seal.", "seal_age"),
    "desk_audit_check_age_seconds": ("Since the last check of the whole log.", "check_age"),
    "desk_audit_intact": ("What that check found; 0: the log was altered.", "is_intact"),
}

type Families = Iterable[GaugeMetricFamily]


class Desk(Collector):
    """Everything there is to watch, as it stands at one moment."""

    def __init__(self, now: datetime) -> None:
        """Take the moment."""
        self._now = now

    def collect(self) -> Families:
        """Yield one family after the other."""
        yield from self._work()
        yield from self._accounts()
        yield from self._log()
        yield from self._siem()

    def _work(self) -> Families:
        now = self._now
        both = (*ACCOUNT, "state")
        yield _family("desk_rows", "Assignments.", both, metric_values.rows())
        yield _family("desk_batches", "Batches.", both, metric_values.batches())
        waits = "For how long the oldest row that may be sent has waited."
        yield _family("desk_oldest_due_seconds", waits, ACCOUNT, metric_values.oldest_due(now=now))
        waits = "For how long the oldest unclear outcome has been unclear."
        yield _family(
            "desk_oldest_unknown_seconds", waits, ACCOUNT, metric_values.oldest_unknown(now=now)
        )
        labels = (*ACCOUNT, "outcome", "status")
        ended = "Calls that ended in the last five minutes; status 429: asked to slow down."
        yield _family("desk_calls_5m", ended, labels, metric_values.calls(now=now))
        yield _family("desk_tasks", "Queued tasks.", ("queue", "state"), metric_values.tasks())
        yield _one(
            "desk_workers", "Workers seen in the last minute.", metric_values.workers(now=now)
        )

    def _accounts(self) -> Families:
        found = list(metric_values.standings(now=self._now))
        for name, (says, fact) in AT_ACCOUNTS.items():
            told = [((one.account,), getattr(one, fact)) for one in found]
            yield _family(name, says, ACCOUNT, told)

    def _log(self) -> Families:
        yield from _facts(AT_LOG, log_status.figures(now=self._now))

    def _siem(self) -> Families:
        if settings.SIEM:
            yield from _facts(AT_SIEM, forwarding.status())


@require_GET
@never_cache
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Show the numbers to who has the token; without one the page is not there."""
    if not _may_see(request):
        raise Http404
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Desk(timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_see(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}")
    # Behind a proxy on the same machine everybody seems to come from it.
    return settings.IS_SANDBOX and request.META.get("REMOTE_ADDR") in HERE


def _facts(facts: Mapping[str, tuple[str, str]], found: object) -> Families:
    for name, (says, fact) in facts.items():
        yield _one(name, says, getattr(found, fact))


def _one(name: str, says: str, value: float | None) -> GaugeMetricFamily:
    return _family(name, says, (), [((), value)])


def _family(
    name: str,
    says: str,
    labels: tuple[str, ...],
    told: Iterable[tuple[tuple[str, ...], float | None]],
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says, labels=labels)
    for values, value in told:
        if value is not None:
            family.add_metric(values, float(value))
    return family
