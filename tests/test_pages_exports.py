"""Pages of exports: request, progress, download, samples and printing."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from assignments.models import LogEntry, LogExport
from assignments.services.exporting import job
from tests.factories import make_export, make_user
from tests.log_fixtures import write_log
from tests.test_pages_audit import words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """Set a folder of its own for the test's exports."""
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def auditor():
    """Return a user who may export."""
    return make_user("auditor", name="Ingrid Solberg")


def browser(user) -> Client:
    """Return a client with the user signed in."""
    client = Client()
    client.force_login(user)
    return client


def run_worker() -> LogExport:
    """Run a worker on the newest export and return it."""
    export = LogExport.objects.latest("pk")
    job.write_export(export=export, clock=timezone.now, may_go_on=lambda: True)
    export.refresh_from_db()
    return export


def newest_action() -> str:
    """Return the action of the newest entry."""
    return LogEntry.objects.latest("seq").action


def test_an_export_is_requested_followed_and_downloaded(auditor):
    write_log(3)
    client = browser(auditor)

    response = client.post("/audit/export", {"format": "xlsx", "q": "action:created"})
    assert response["Location"] == "/exports/"
    waiting = client.get("/exports/")
    assert "Excel" in words(waiting)
    assert 'hx-trigger="tick from:body"' in waiting.content.decode()

    export = run_worker()
    ready = client.get("/exports/")
    assert export.sha256 in words(ready)
    assert "hx-trigger" not in ready.content.decode().partition("<main")[2]
    file = client.get(f"/exports/{export.pk}/file")
    assert b"".join(file).startswith(b"PK")
    assert re.search(r'filename="audit-log-\d{8}-\d{6}\.xlsx"', file["Content-Disposition"])
    assert newest_action() == "export.downloaded"


def test_only_the_owner_sees_and_downloads_an_export(auditor):
    write_log(1)
    browser(auditor).post("/audit/export", {"format": "csv"})
    export = run_worker()

    for role, status in (("auditor", 404), ("admin", 404), ("manager", 403)):
        client = browser(make_user(role))
        assert client.get(f"/exports/{export.pk}/file").status_code == status
        assert export.sha256 not in words(client.get("/exports/"))
    assert Client().get(f"/exports/{export.pk}/file").status_code == 302
    assert newest_action() == "log.exported"


def test_an_expired_file_is_gone(auditor, clock):
    client = browser(auditor)
    client.post("/audit/export", {"format": "csv"})
    export = run_worker()
    clock.shift(timedelta(hours=25))
    client.force_login(auditor)

    response = client.get(f"/exports/{export.pk}/file")

    assert (response.status_code, "Request it again" in words(response)) == (410, True)


def test_an_unknown_format_is_refused(auditor):
    refused = browser(auditor).post("/audit/export", {"format": "docx"})
    assert (refused.status_code, "Choose a format." in words(refused)) == (422, True)
    assert LogExport.objects.count() == 0


def test_a_fourth_unfinished_export_is_refused(auditor):
    for _ in range(3):
        make_export(auditor)
    refused = browser(auditor).post("/audit/export", {"format": "csv"})
    assert (refused.status_code, "You have 3 unfinished exports" in words(refused)) == (409, True)


def test_a_pack_of_a_log_that_cannot_be_sealed_is_refused(auditor, settings):
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_OWN_KEY_FILE = "", None
    refused = browser(auditor).post("/audit/export", {"format": "pack"})
    assert (refused.status_code, LogExport.objects.count()) == (409, 0)


def test_a_sample_is_drawn_from_search_results(auditor):
    write_log(20)
    client = browser(auditor)
    page = client.get("/audit/sample", {"q": "amara"})
    assert "From 13 entries" in words(page)

    client.post("/audit/sample", {"q": "amara", "size": "5", "seed": "q3-2026"})

    export = run_worker()
    assert (export.format, export.sample_size, export.seed, export.entries) == (
        "pack",
        5,
        "q3-2026",
        5,
    )
    file = client.get(f"/exports/{export.pk}/file")
    assert b"".join(file).startswith(b"PK")
    assert "audit-sample-" in file["Content-Disposition"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"size": "251", "seed": "a"}, "Choose a size from 1 to 250."),
        ({"size": "5", "seed": "a b"}, "Use 1 to 64 letters"),
    ],
)
def test_an_invalid_sample_is_refused(auditor, wrong, sentence):
    page = browser(auditor).post("/audit/sample", wrong)
    assert (page.status_code, sentence in words(page)) == (422, True)


@pytest.mark.parametrize("path", ["/audit/sample", "/audit/print"])
def test_an_invalid_query_redirects_to_the_search(auditor, path):
    response = browser(auditor).get(path, {"q": "when:2026-13"})
    assert response["Location"] == "/audit/?q=when%3A2026-13"


def test_the_page_to_print_has_the_search_results_and_is_recorded(auditor):
    write_log(2)
    page = browser(auditor).get("/audit/print", {"q": "action:created"})
    assert len(page.context["lines"]) == 2
    assert newest_action() == "log.exported"
    assert "assigned GDPR Essentials 2027 to Elif" in words(page)
