"""Choosing content by keyboard, following the ARIA combobox pattern."""

import pytest
from playwright.sync_api import Page, expect

from assignments.models import DraftContent
from tests.browser.conftest import sign_in
from tests.factories import make_account, make_content

pytestmark = pytest.mark.browser


@pytest.fixture
def field(page: Page):
    """Return the content search of a new draft, with three items to find."""
    account = make_account()
    make_content(account=account, title="Fire Drill", is_active=False)
    make_content(account=account, title="Fire Safety")
    make_content(account=account, title="Firewalls")
    sign_in(page, "manager")
    page.get_by_role("button", name="New assignment").first.click()
    field = page.get_by_role("combobox", name="Find a course, video or document")
    expect(field).to_be_focused()
    return field


def active(page: Page) -> str:
    """Return the title of the option that the field says is active."""
    pointed_at = "document.activeElement.getAttribute('aria-activedescendant')"
    return str(page.evaluate(f"document.getElementById({pointed_at}).querySelector('b').innerText"))


def picked() -> list[str]:
    """Return the titles of the selected items."""
    contents = DraftContent.objects.order_by("pk")
    return list(contents.values_list("content__title", flat=True))


def test_arrows_move_and_enter_picks_an_assignable_option(page, field, check_appearance):
    expect(field).to_have_attribute("aria-expanded", "false")
    page.keyboard.type("fire")
    expect(page.locator("#options").get_by_role("option")).to_have_count(3)
    expect(field).to_have_attribute("aria-expanded", "true")
    check_appearance()
    assert active(page) == "Fire Safety"

    page.keyboard.press("ArrowDown")
    assert active(page) == "Firewalls"
    page.keyboard.press("ArrowDown")
    assert active(page) == "Fire Drill"
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_have_text("Cannot be assigned: it is retired in the LMS")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#what .picked-item")).to_have_count(1)
    assert picked() == ["Firewalls"]

    expect(page.get_by_role("combobox", name="Add another course")).to_be_focused()


def test_a_list_that_arrives_late_does_not_change_what_enter_picks(page, field):
    page.keyboard.type("fire")
    expect(page.locator("#options").get_by_role("option")).to_have_count(3)
    page.keyboard.press("ArrowDown")
    assert active(page) == "Firewalls"

    page.locator("#options").evaluate("list => list.dataset.isOld = true")
    field.dispatch_event("search")
    expect(page.locator("#options[data-is-old]")).to_have_count(0)
    expect(page.locator("[role=option][aria-selected=true]")).to_contain_text("Firewalls")
    page.keyboard.press("Enter")

    expect(page.locator("#what .picked-item")).to_have_count(1)
    assert picked() == ["Firewalls"]


def test_escape_closes_arrow_opens_and_tab_leaves_the_list(page, field):
    page.keyboard.type("fire")
    expect(page.locator("#options").get_by_role("option")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.locator("#options").get_by_role("option")).to_have_count(0)
    expect(field).to_have_value("fire")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#options").get_by_role("option")).to_have_count(3)
    page.keyboard.press("Tab")
    expect(page.locator("#options").get_by_role("option")).to_have_count(0)
    assert picked() == []


def test_enter_before_options_are_loaded_picks_nothing(page, field):
    address = page.url
    page.keyboard.type("safety")
    page.keyboard.press("Enter")

    expect(page.locator("#options").get_by_role("option")).to_have_count(1)
    assert picked() == []
    page.keyboard.press("Enter")
    expect(page.locator("#what .picked-item")).to_have_count(1)
    assert picked() == ["Fire Safety"]
    expect(page).to_have_url(address)


def test_click_picks_an_option(page, field):
    page.keyboard.type("walls")
    page.locator("#options").get_by_role("option", name="Firewalls").click()

    expect(page.locator("#what .picked-item")).to_have_count(1)
    assert picked() == ["Firewalls"]
