"""Metrics of rows, calls, accounts and the log, and who may read them; health checks."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from assignments import tasks
from assignments.audit.entries.actors import SYSTEM
from assignments.audit.seals.sealing import make_seal
from assignments.audit.verification.whole_log import verify_log
from assignments.models import Account, Attempt, Worker
from tests import log_tampering
from tests.factories import make_account, make_batch
from tests.log_fixtures import write_log

pytestmark = pytest.mark.django_db


def numbers(client, **headers):
    """Return every sample by its name and labels."""
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    return {
        " ".join([sample.name, *(sample.labels[name] for name in sorted(sample.labels))]): (
            sample.value
        )
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


def of(metrics, start):
    """Return the samples whose names begin with a prefix."""
    return {name: value for name, value in metrics.items() if name.startswith(start)}


def test_metrics_of_an_empty_installation(client):
    assert numbers(client) == {
        "desk_workers": 0,
        "desk_audit_entries": 0,
        "desk_audit_unsealed_entries": 0,
        "desk_audit_check_overdue": 0,
    }


def test_metrics_count_rows_and_calls(client):
    now = timezone.now()
    ago = now - timedelta(minutes=3)
    batch = make_batch(
        ["created", "created", "queued", "unknown", "confirmed"], state="running", started_at=ago
    )
    batch.assignments.filter(state="queued").update(send_at=now - timedelta(seconds=70))
    batch.assignments.filter(state="unknown").update(unknown_at=now - timedelta(seconds=30))
    hour_ago = now - timedelta(hours=1)
    batch.assignments.filter(state="confirmed").update(unknown_at=hour_ago)
    make_batch(["rejected"])
    row = batch.assignments.filter(state="queued").get()
    ended = [("created", 201, ago), ("queued", 429, ago), ("unknown", None, ago)]
    ended += [("created", 201, now - timedelta(minutes=6)), ("queued", 429, ago)]
    for number, (outcome, status, at) in enumerate(ended):
        Attempt.objects.create(
            assignment=row,
            number=number,
            started_at=at,
            finished_at=at,
            outcome=outcome,
            response_status=status,
        )

    metrics = numbers(client)

    assert of(metrics, "desk_rows") == {
        "desk_rows sandbox created": 2,
        "desk_rows sandbox queued": 1,
        "desk_rows sandbox unknown": 1,
        "desk_rows sandbox confirmed": 1,
        "desk_rows sandbox rejected": 1,
    }
    assert of(metrics, "desk_batches") == {
        "desk_batches sandbox running": 1,
        "desk_batches sandbox done": 1,
    }
    assert of(metrics, "desk_calls") == {
        "desk_calls_5m sandbox created 201": 1,
        "desk_calls_5m sandbox queued 429": 2,
        "desk_calls_5m sandbox unknown ": 1,
    }
    assert metrics["desk_oldest_due_seconds sandbox"] == pytest.approx(70, abs=5)
    assert metrics["desk_oldest_unknown_seconds sandbox"] == pytest.approx(30, abs=5)
    assert metrics["desk_oldest_confirmed_seconds sandbox"] == pytest.approx(3_600, abs=5)


def test_metrics_count_a_planned_row_of_a_running_batch_as_due(client):
    make_batch(["planned"], state="running", started_at=timezone.now() - timedelta(seconds=40))
    make_batch(["queued"], state="paused")

    assert numbers(client)["desk_oldest_due_seconds sandbox"] == pytest.approx(40, abs=5)


def test_metrics_of_accounts_and_workers(client):
    now = timezone.now()
    make_account(
        paused_at=now,
        pause_reason="No key.",
        failing_since=now,
        sender="s-1",
        sender_lease_until=now + timedelta(seconds=15),
        synced_at=now - timedelta(seconds=90),
        provider_rate_per_minute=300,
    )
    Account.objects.create(
        remote_id="second", sender="s-2", sender_lease_until=now - timedelta(hours=1)
    )
    Worker.objects.create(name="one", seen_at=now)
    Worker.objects.create(name="gone", seen_at=now - timedelta(minutes=2))

    metrics = numbers(client)

    assert metrics["desk_workers"] == 1
    assert {name: round(value) for name, value in of(metrics, "desk_account_").items()} == {
        "desk_account_paused sandbox": 1,
        "desk_account_paused second": 0,
        "desk_account_failing sandbox": 1,
        "desk_account_failing second": 0,
        "desk_account_lease_seconds sandbox": pytest.approx(15, abs=3),
        "desk_account_lease_seconds second": 0,
        "desk_account_sync_age_seconds sandbox": pytest.approx(90, abs=5),
        "desk_account_calls_per_second sandbox": 5,
        "desk_account_calls_per_second second": 17,
    }


def test_metrics_count_the_embedded_queue(client, settings):
    tasks.seal_log.enqueue()

    assert numbers(client)["desk_tasks default READY"] == 1
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:6379/0"
    assert of(numbers(client), "desk_tasks") == {}


def test_metrics_of_the_audit_log(client):
    write_log(5)
    now = timezone.now()
    make_seal(reason="request", by=SYSTEM, now=now)
    verify_log(by=SYSTEM, now=now)

    well = numbers(client)
    log_tampering.edit_body(2, 5)
    verify_log(by=SYSTEM, now=timezone.now())
    ill = numbers(client)

    assert (well["desk_audit_entries"], well["desk_audit_unsealed_entries"]) == (7, 2)
    assert well["desk_audit_seal_age_seconds"] == pytest.approx(0, abs=5)
    assert well["desk_audit_check_age_seconds"] == pytest.approx(0, abs=5)
    assert (well["desk_audit_intact"], ill["desk_audit_intact"]) == (1, 0)


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        pytest.param("Bearer watch-me-often", 200, id="the token"),
        pytest.param("Bearer watch-me-ofte", 404, id="another"),
        pytest.param("Basic watch-me-often", 404, id="another way"),
        pytest.param("", 404, id="none"),
    ],
)
def test_metrics_require_the_token(client, settings, authorization, status):
    settings.METRICS_TOKEN = "watch-me-often"

    assert client.get("/metrics", headers={"Authorization": authorization}).status_code == status


@pytest.mark.parametrize(
    ("is_sandbox", "address", "status"),
    [
        pytest.param(True, "127.0.0.1", 200, id="the sandbox, from here"),
        pytest.param(True, "192.0.2.7", 404, id="the sandbox, from elsewhere"),
        pytest.param(False, "127.0.0.1", 404, id="a real LMS, perhaps through a proxy"),
    ],
)
def test_metrics_without_a_token_exist_only_with_the_sandbox(
    client, settings, is_sandbox, address, status
):
    settings.IS_SANDBOX = is_sandbox

    assert client.get("/metrics", REMOTE_ADDR=address).status_code == status


def test_health_checks_work_without_tls(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    answered = {
        path: client.get(f"/{path}").status_code for path in ("healthz", "metrics", "login/")
    }

    assert answered == {"healthz": 200, "metrics": 200, "login/": 301}
    assert re.fullmatch(settings.SECURE_REDIRECT_EXEMPT[0], "readyz")
