"""The main task with JavaScript switched off, by forms and links only."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from assignments.models import Batch, DraftLearner
from tests.factories import make_account, make_content, make_learner

pytestmark = pytest.mark.browser


@pytest.fixture
def plain(chromium: Browser, live_server) -> Iterator[Page]:
    """Open a page that runs no script."""
    with chromium.new_context(base_url=live_server.url, java_script_enabled=False) as context:
        yield context.new_page()


def pick(plain: Page) -> None:
    """Pick an item, a due date and two people, by forms and links only."""
    plain.get_by_label("Find a course, video or document").fill("fire")
    plain.get_by_role("button", name="Find").click()
    plain.get_by_role("button", name="Add Fire Safety at Work").click()
    expect(plain.locator("#what .picked-item")).to_have_count(1)
    plain.get_by_role("button", name="30 days").click()
    expect(plain.locator("#due-words")).to_contain_text("end of day in London")
    plain.get_by_role("searchbox", name="Search people by name").fill("amara 2")
    plain.get_by_role("button", name="Search", exact=True).click()
    plain.locator("td.pick input[type=checkbox]").nth(0).check()
    plain.get_by_role("button", name="Keep these ticks").click()
    expect(plain.locator("#selection_bar")).to_contain_text("1 selected")
    plain.locator("td.pick input[type=checkbox]").nth(1).check()


def upload(plain: Page, text: str, *, name: str = "people.csv") -> None:
    """Upload a file and accept the suggested columns."""
    file: FilePayload = {
        "name": name,
        "mimeType": "text/csv",
        "buffer": text.encode(),
    }
    plain.get_by_label(re.compile(r"^(File \(|Upload another)")).set_input_files(file)
    plain.get_by_role("button", name="Upload", exact=True).click()
    plain.get_by_role("button", name="Use these columns").click()


@pytest.fixture
def draft(plain: Page) -> Page:
    """Return the page of a manager's draft, with 30 people and an item in the directory."""
    account = make_account(remote_id="sandbox")
    make_content(account=account, title="Fire Safety at Work")
    for number in range(30):
        make_learner(account=account, name=f"Amara {number:02}", email=f"a{number}@example.com")
    plain.goto("/login/")
    plain.click("form[action='/login/demo/manager'] button")
    plain.get_by_role("button", name="New assignment").first.click()
    return plain


def test_manager_assigns_and_undoes_without_javascript(draft):
    plain = draft
    pick(plain)
    plain.locator("aside").get_by_role("button", name="Review").click()
    expect(plain.locator("h1")).to_have_text("Check and create 2 assignments")
    assert DraftLearner.objects.count() == 2
    plain.get_by_role("button", name="Create 2 assignments").click()
    expect(plain.get_by_role("button", name="Undo, back to draft")).to_be_visible()
    assert Batch.objects.get().state == "waiting"
    plain.get_by_role("button", name="Undo, back to draft").click()
    expect(plain.locator("h1")).to_have_text("New assignment")
    assert Batch.objects.get().state == "cancelled"


def test_manager_uploads_and_corrects_a_file_without_javascript(draft):
    plain = draft
    plain.get_by_role("link", name="Upload a file").click()
    upload(plain, "E-mail\na1@example.com\na2@example.com\na3.at.example.com\n")
    refused = plain.locator("#refused")
    expect(refused.locator("tbody tr")).to_have_count(1)
    expect(refused).to_contain_text("4 a3.at.example.com")
    assert DraftLearner.objects.count() == 2

    upload(plain, "E-mail\na3@example.com\n", name="corrected.csv")

    expect(refused).to_have_count(0)
    assert DraftLearner.objects.count() == 3
