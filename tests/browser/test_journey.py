"""The main job in a real browser, with a real worker and the real sandbox: assign, see, verify."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from assignments.models import Batch
from tests.browser.conftest import sign_in
from tests.sandbox_process import ROOT, Sandbox, running_sandbox

pytestmark = [pytest.mark.browser, pytest.mark.journey]
SOON = 60_000


@pytest.fixture
def lms() -> Iterator[Sandbox]:
    """Run a sandbox of this test's own."""
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
    yield
    process.terminate()
    process.wait(timeout=30)


def draft(page: Page, looks_right) -> None:
    """Pick an item, a due date and three people, and see that the draft keeps them."""
    page.get_by_role("button", name="New assignment").first.click()
    page.get_by_label("Find a course, video or document").fill("fire")
    page.locator("#options").get_by_role("option").first.click()
    expect(page.locator("#what .pickrow")).to_have_count(1)
    page.get_by_role("button", name="30 days").click()
    expect(page.locator("#due-words")).to_contain_text("end of day in London")
    for row in range(1, 4):
        page.locator(f"#people tbody tr:nth-child({row}) td.pick input[type=checkbox]").check()
        expect(page.locator("#selection_bar")).to_contain_text(f"{row} selected")
    looks_right()
    page.reload()
    expect(page.locator("#selection_bar")).to_contain_text("3 selected")


def submit(page: Page, looks_right) -> None:
    """Review by the keyboard, give a reason, create, and wait until the batch is done."""
    page.keyboard.press("Control+Enter")
    expect(page.locator("h1")).to_contain_text(re.compile("Check and create [123] assignment"))
    looks_right()
    page.get_by_role("textbox", name="Reason").fill("Policy DP-14")
    page.get_by_role("button", name=re.compile("Create")).click()
    expect(page.get_by_role("button", name="Undo, back to draft")).to_be_visible()
    looks_right()
    expect(page.locator(".hero h2")).to_contain_text("created", timeout=SOON)
    looks_right()


def read_the_log(page: Page, created: int, looks_right) -> None:
    """See each assignment in the log, and open the entry of one."""
    page.get_by_role("link", name="Audit entries").click()
    expect(page.locator("tbody .badge.ok", has_text="Created")).to_have_count(created)
    looks_right()
    page.locator("tbody tr", has=page.locator("text=Created")).first.locator("a").first.click()
    expect(page.locator(".hero h2")).to_have_text(
        re.compile("Not altered since it was written|Too new for a seal")
    )
    looks_right()


def verify(page: Page, looks_right) -> None:
    """Find the batch by its reason and check the whole log."""
    expect(page.get_by_role("button", name="New assignment")).to_have_count(0)
    page.get_by_role("combobox", name="Words, or a qualifier").fill("DP-14")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).not_to_have_count(0)
    looks_right()
    page.goto("/audit/verify/")
    page.get_by_role("button", name="Seal the log now").click()
    expect(page.locator("#h-s")).to_be_visible()
    looks_right()
    page.get_by_role("button", name=re.compile("entries now")).click()
    expect(page.locator(".hero h2")).to_have_text("Intact")
    looks_right()


def test_manager_assigns_and_auditor_verifies_the_log(page, worker, lms, looks_right):
    sign_in(page, "manager")
    page.goto("/settings/")
    expect(page.locator("#syncs .badge.ok").first).to_be_visible(timeout=SOON)
    looks_right()
    draft(page, looks_right)
    submit(page, looks_right)
    created = lms.stats()["assignments"]
    assert created >= 1
    read_the_log(page, created, looks_right)

    page.locator("button.avatar").click()
    page.get_by_role("button", name="Sign out").click()
    looks_right()
    sign_in(page, "auditor")
    verify(page, looks_right)

    page.set_viewport_size({"width": 390, "height": 844})
    batch = f"/batches/{Batch.objects.get().pk}/"
    for address in ("/batches/", batch, "/audit/", "/people/", "/content/", "/settings/"):
        page.goto(address)
        looks_right()
