"""A due date in words, by the keyboard."""

import pytest
from playwright.sync_api import Page, expect

from assignments.models import Draft
from tests.browser.conftest import sign_in
from tests.factories import make_account, make_content

pytestmark = pytest.mark.browser


def test_enter_saves_the_due_date_and_removes_nothing(page: Page, check_appearance):
    account = make_account(remote_id="sandbox")
    for title in ("Fire Safety", "Fire Drill"):
        make_content(account=account, title=title)
    sign_in(page, "manager")
    page.get_by_role("button", name="New assignment").first.click()
    for count in (1, 2):
        page.locator("#f-content").fill("fire")
        page.locator("#options [role=option]").first.click()
        expect(page.locator("#what .picked-item")).to_have_count(count)

    page.get_by_label("Or the due date in words").fill("2027-01-16")
    page.keyboard.press("Enter")

    expect(page.locator("#due-words")).to_contain_text("Saturday 16 January 2027")
    expect(page.locator("#due-words")).to_contain_text("The due date is a Saturday.")
    expect(page.locator("#what .picked-item")).to_have_count(2)
    assert str(Draft.objects.get().due_date) == "2027-01-16"
    check_appearance()
