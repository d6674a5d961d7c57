"""The pages of exports: asked for, told how far they are, handed out, sampled, printed."""

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
    """Keep the files of this test to itself."""
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def auditor():
    """Return somebody who may export."""
    return make_user("auditor", name="Ingrid Solberg")


def browser(user) -> Client:
    """Return the browser of somebody."""
    client = Client()
    client.force_login(user)
    return client


def let_a_worker_write() -> LogExport:
    """Write the export that was asked for last."""
    export = LogExport.objects.latest("pk")
    job.write_export(export=export, clock=timezone.now, may_go_on=lambda: True)
    export.refresh_from_db()
    return export


def newest_action() -> str:
    """Return what the log tells last."""
    return LogEntry.objects.latest("seq").action


def test_an_export_is_asked_for_told_of_and_downloaded(auditor):
    write_log(3)
    client = browser(auditor)

    asked = client.post("/audit/export", {"format": "xlsx", "q": "action:created"})
    assert asked["Location"] == "/exports/"
    waiting = client.get("/exports/")
    assert "Excel" in words(waiting)
    assert 'hx-trigger="tick from:body"' in waiting.content.decode()

    export = let_a_worker_write()
    ready = client.get("/exports/")
    assert export.sha256 in words(ready)
    assert "hx-trigger" not in ready.content.decode().partition("<main")[2]
    file = client.get(f"/exports/{export.pk}/file")
    assert b"".join(file).startswith(b"PK")
    assert re.search(r'filename="audit-log-\d{8}-\d{6}\.xlsx"', file["Content-Disposition"])
    assert newest_action() == "export.downloaded"


def test_nobody_else_gets_a_file_or_sees_that_it_exists(auditor):
    write_log(1)
    browser(auditor).post("/audit/export", {"format": "csv"})
    export = let_a_worker_write()

    for role, status in (("auditor", 404), ("admin", 404), ("manager", 403)):
        client = browser(make_user(role))
        assert client.get(f"/exports/{export.pk}/file").status_code == status
        assert export.sha256 not in words(client.get("/exports/"))
    assert Client().get(f"/exports/{export.pk}/file").status_code == 302
    assert newest_action() == "log.exported"


def test_a_file_whose_time_is_over_is_said_to_be(auditor, clock):
    client = browser(auditor)
    client.post("/audit/export", {"format": "csv"})
    export = let_a_worker_write()
    clock.shift(timedelta(hours=25))
    client.force_login(auditor)

    gone = client.get(f"/exports/{export.pk}/file")

    assert (gone.status_code, "Request it again" in words(gone)) == (410, True)


def test_a_format_that_there_is_not_is_refused_beside_the_list(auditor):
    refused = browser(auditor).post("/audit/export", {"format": "docx"})
    assert (refused.status_code, "Choose a format." in words(refused)) == (422, True)
    assert LogExport.objects.count() == 0


def test_a_fourth_export_waits_for_the_others(auditor):
    for _ in range(3):
        make_export(auditor)
    refused = browser(auditor).post("/audit/export", {"format": "csv"})
    assert (refused.status_code, "You have 3 unfinished exports" in words(refused)) == (409, True)


def test_a_pack_of_a_log_that_cannot_be_sealed_says_why(auditor, settings):
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_OWN_KEY_FILE = "", None
    refused = browser(auditor).post("/audit/export", {"format": "pack"})
    assert (refused.status_code, LogExport.objects.count()) == (409, 0)


def test_a_sample_is_drawn_from_what_a_search_finds(auditor):
    write_log(20)
    client = browser(auditor)
    page = client.get("/audit/sample", {"q": "amara"})
    assert "From 13 entries" in words(page)

    client.post("/audit/sample", {"q": "amara", "size": "5", "seed": "q3-2026"})

    export = let_a_worker_write()
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
    ("wrong", "said"),
    [
        ({"size": "251", "seed": "a"}, "Choose a size from 1 to 250."),
        ({"size": "5", "seed": "a b"}, "Use 1 to 64 letters"),
    ],
)
def test_a_sample_that_cannot_be_drawn_says_why(auditor, wrong, said):
    page = browser(auditor).post("/audit/sample", wrong)
    assert (page.status_code, said in words(page)) == (422, True)


@pytest.mark.parametrize("path", ["/audit/sample", "/audit/print"])
def test_a_query_that_is_not_understood_goes_back_to_the_search(auditor, path):
    answer = browser(auditor).get(path, {"q": "when:2026-13"})
    assert answer["Location"] == "/audit/?q=when%3A2026-13"


def test_a_page_to_print_has_what_the_search_finds_and_is_an_entry(auditor):
    write_log(2)
    page = browser(auditor).get("/audit/print", {"q": "action:created"})
    assert len(page.context["lines"]) == 2
    assert newest_action() == "log.exported"
    assert "assigned GDPR Essentials 2027 to Elif" in words(page)
