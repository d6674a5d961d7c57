"""Two linked accounts: chosen at New, remembered, and nothing is selected across them."""

import re

import pytest
from playwright.sync_api import Page, expect

from assignments.models import Account, Draft
from tests.browser.conftest import sign_in
from tests.factories import make_account, make_content, make_learner

pytestmark = pytest.mark.browser


@pytest.fixture
def manager(page: Page, settings) -> Page:
    """Return the start page of a manager of two accounts that know a person by the same e-mail."""
    settings.STACKONE_ACCOUNT_IDS = ["sandbox", "sandbox-2"]
    london = make_account(name="London")
    leeds = Account.objects.create(remote_id="sandbox-2", name="Leeds", synced_at=london.synced_at)
    for account in (london, leeds):
        make_content(account, title=f"Fire Safety {account}")
        make_learner(account, name=f"Ada {account}", email="ada@northwind.example")
        make_learner(account, name=f"Only {account}", email=f"{account}@northwind.example".lower())
    sign_in(page, "manager")
    return page


def match(page: Page, text: str) -> None:
    """Paste a list of people and wait for its result."""
    page.get_by_role("link", name="Paste a list").click()
    page.locator("#f-list").fill(text)
    page.get_by_role("button", name="Match").click()


def start_in_leeds(page: Page) -> None:
    """Press New and choose the second account."""
    page.get_by_role("button", name="New assignment").first.click()
    expect(page.locator("#main")).to_contain_text("In London")
    page.get_by_role("button", name="Start in Leeds instead").click()
    expect(page.locator("#main")).to_contain_text("In Leeds")


def test_a_draft_offers_people_and_items_of_the_account_chosen_at_new(manager):
    page = manager
    start_in_leeds(page)

    page.get_by_label("Find a course, video or document").fill("fire")
    options = page.locator("#options").get_by_role("option")
    expect(options).to_have_count(1)
    expect(options).to_contain_text("Fire Safety Leeds")
    expect(page.locator("#people tbody tr")).to_have_count(2)
    expect(page.locator("#people")).not_to_contain_text("London")

    page.goto("/")
    page.get_by_role("button", name=re.compile("New assignment")).first.click()
    expect(page.locator("#main")).to_contain_text("In Leeds")


def test_a_list_and_a_file_select_nobody_of_another_account(manager, tmp_path):
    page = manager
    start_in_leeds(page)
    match(page, "ada@northwind.example\nlondon@northwind.example")
    expect(page.locator("#pasted")).to_contain_text("2 given")
    expect(page.locator("#pasted")).to_contain_text("1 not found")
    file = tmp_path / "people.csv"
    file.write_text("E-mail\nleeds@northwind.example\nlondon@northwind.example\n")

    page.get_by_role("link", name="Upload a file").click()
    page.get_by_label("File (.csv or .xlsx)").set_input_files(file)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("button", name="Use these columns").click()

    expect(page.locator("#refused tbody tr")).to_have_count(1)
    rows = Draft.objects.get().picked_learners.order_by("learner")
    assert [str(row.learner) for row in rows] == ["Ada Leeds", "Only Leeds"]
