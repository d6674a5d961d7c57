"""The setting CELERY_BROKER_URL, and the doctor's check of the broker."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from assignments.services.operations import doctor
from dashboard import environment
from tests.broker import running_broker
from tests.environment import env

POSTGRESQL = "django.db.backends.postgresql"
SQLITE = "django.db.backends.sqlite3"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("redis://127.0.0.1:6379/0", id="Redis"),
        pytest.param("rediss://cache.example:6380/0?ssl_cert_reqs=required", id="Redis with TLS"),
        pytest.param("amqp://desk:secret@rabbit.example/desk", id="RabbitMQ"),
    ],
)
def test_broker_url_accepts_a_broker_with_postgresql(url):
    assert environment.broker_url(env(CELERY_BROKER_URL=url), engine=POSTGRESQL) == url


def test_broker_url_is_optional():
    assert environment.broker_url(env(), engine=SQLITE) == ""


@pytest.mark.parametrize(
    ("url", "engine", "sentence"),
    [
        pytest.param(
            "redis://127.0.0.1:6379/0", SQLITE, "several machines need one PostgreSQL", id="SQLite"
        ),
        pytest.param("sqs://", POSTGRESQL, "starts with 'sqs'. Start it with", id="other broker"),
        pytest.param(":secret@cache", POSTGRESQL, "starts with ''. Start it with", id="no scheme"),
    ],
)
def test_invalid_broker_url_stops_the_start(url, engine, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence) as problem:
        environment.broker_url(env(CELERY_BROKER_URL=url), engine=engine)

    assert "secret" not in str(problem.value)


@pytest.mark.django_db
def test_doctor_reports_whether_the_broker_responds(desk, settings):
    def finding() -> doctor.Finding:
        findings = doctor.findings(now=timezone.now())
        return next(each for each in findings if each.name == "broker")

    with running_broker() as broker:
        settings.CELERY_BROKER_URL = broker.url
        assert finding() == doctor.Finding("broker", True, f"{broker.url} responds")
    settings.CELERY_BROKER_URL = "redis://:secret@127.0.0.1:9/0"
    gone = finding()

    assert not gone.is_ok
    assert gone.sentence.startswith("redis://:**@127.0.0.1:9/0 does not respond: Error 111")
    assert gone.sentence.endswith("Connection refused. Check CELERY_BROKER_URL.")
