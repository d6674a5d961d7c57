"""The main task in a real browser, with a worker and the sandbox: assign, read the log, verify."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from assignments.models import Batch
from tests.browser.conftest import sign_in
from tests.reaper import end_with_this_process
from tests.sandbox_process import ROOT, Sandbox, running_sandbox
from tests.waiting import HANG_SECONDS

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture
def lms() -> Iterator[Sandbox]:
    """Run a sandbox for this test."""
    with running_sandbox(learners=40, content=20, requests_per_minute=0) as lms:
        yield lms


@pytest.fixture
def worker(lms, database_url, settings) -> Iterator[None]:
    """Run a real worker on the test's database."""
    settings.STACKONE_BASE_URL = lms.base_url
    settings.GRACE_SECONDS = 3
    more = {"DATABASE_URL": database_url, "STACKONE_BASE_URL": lms.base_url, "GRACE_SECONDS": "3"}
    words = [sys.executable, "manage.py", "worker"]
    process = subprocess.Popen(words, cwd=ROOT, env=os.environ | more)
    end_with_this_process(process.pid)
    yield
    process.terminate()
    process.wait(HANG_SECONDS)


def fill_draft(page: Page, check_appearance) -> None:
    """Pick an item, a due date and three people, and check that the draft saves them."""
    page.get_by_role("button", name="New assignment").first.click()
    page.get_by_label("Find a course, video or document").fill("fire")
    page.locator("#options").get_by_role("option").first.click()
    expect(page.locator("#what .picked-item")).to_have_count(1)
    page.get_by_role("button", name="30 days").click()
    expect(page.locator("#due-words")).to_contain_text("end of day in London")
    for row in range(1, 4):
        page.locator(f"#people tbody tr:nth-child({row}) td.pick input[type=checkbox]").check()
        expect(page.locator("#selection_bar")).to_contain_text(f"{row} selected")
    check_appearance()
    page.reload()
    expect(page.locator("#selection_bar")).to_contain_text("3 selected")


def submit(page: Page, check_appearance) -> None:
    """Review by the keyboard, give a reason, create, and wait until the batch is done."""
    page.keyboard.press("Control+Enter")
    expect(page.locator("h1")).to_contain_text(re.compile("Check and create [123] assignment"))
    check_appearance()
    page.get_by_role("textbox", name="Reason").fill("Policy DP-14")
    page.get_by_role("button", name=re.compile("Create")).click()
    expect(page.get_by_role("button", name="Undo, back to draft")).to_be_visible()
    check_appearance()
    expect(page.locator(".hero h2")).to_contain_text("created")
    check_appearance()


def read_the_log(page: Page, created: int, check_appearance) -> None:
    """Check the log for each assignment, and open one entry."""
    page.get_by_role("link", name="Audit entries").click()
    expect(page.locator("tbody .badge.ok", has_text="Created")).to_have_count(created)
    check_appearance()
    page.locator("tbody tr", has=page.locator("text=Created")).first.locator("a").first.click()
    expect(page.locator(".hero h2")).to_have_text(
        re.compile("Not altered since it was written|Too new for a seal")
    )
    check_appearance()


def verify(page: Page, check_appearance) -> None:
    """Find the batch by its reason and check the whole log."""
    expect(page.get_by_role("button", name="New assignment")).to_have_count(0)
    page.get_by_role("combobox", name="Words, or a qualifier").fill("DP-14")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    check_appearance()
    page.goto("/audit/verify/")
    page.get_by_role("button", name="Seal the log now").click()
    expect(page.locator("#h-s")).to_be_visible()
    check_appearance()
    page.get_by_role("button", name=re.compile("entries now")).click()
    expect(page.locator(".hero h2")).to_have_text("Intact")
    check_appearance()


def test_manager_assigns_and_auditor_verifies_the_log(page, worker, lms, check_appearance):
    sign_in(page, "manager")
    page.goto("/settings/")
    expect(page.locator("#syncs .badge.ok").first).to_be_visible()
    check_appearance()
    fill_draft(page, check_appearance)
    submit(page, check_appearance)
    created = lms.stats()["assignments"]
    assert created >= 1
    read_the_log(page, created, check_appearance)

    page.locator("button.avatar").click()
    page.get_by_role("button", name="Sign out").click()
    check_appearance()
    sign_in(page, "auditor")
    verify(page, check_appearance)

    page.set_viewport_size({"width": 390, "height": 844})
    batch = f"/batches/{Batch.objects.get().number}/"
    for address in ("/batches/", batch, "/audit/", "/people/", "/content/", "/settings/"):
        page.goto(address)
        check_appearance()
