"""Exports in a real Chromium: requested, refreshed while a worker writes, and downloaded."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from assignments.models import LogExport
from assignments.services.exporting import job
from tests.browser.conftest import sign_in
from tests.log_fixtures import write_log

pytestmark = pytest.mark.browser


def test_auditor_requests_and_downloads_an_export(
    page: Page, tmp_path: Path, settings: Any, check_appearance: Any
) -> None:
    settings.EXPORT_DIR = tmp_path / "exports"
    write_log(30)
    sign_in(page, "auditor")
    page.goto("/audit/?q=amara")
    page.locator("summary", has_text="Export").click()
    check_appearance()
    page.get_by_label("Excel workbook").check()
    page.get_by_role("button", name="Export", exact=True).click()
    row = page.locator("#exports tbody tr")
    expect(row).to_contain_text("Waiting")
    check_appearance()

    export = LogExport.objects.get()
    job.write_export(export=export, clock=timezone.now, may_go_on=lambda: True)

    expect(row).to_contain_text("Ready")
    check_appearance()
    with page.expect_download() as downloading:
        row.get_by_role("link", name="Download").click()
    downloading.value.save_as(tmp_path / "log.xlsx")
    sha256 = hashlib.sha256((tmp_path / "log.xlsx").read_bytes()).hexdigest()
    expect(row).to_contain_text(sha256)


def test_sample_and_print_pages_are_accessible(page: Page, check_appearance: Any) -> None:
    write_log(30)
    sign_in(page, "auditor")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for path in ("/audit/sample?q=amara", "/audit/print?q=amara", "/exports/"):
            page.goto(path)
            check_appearance()
