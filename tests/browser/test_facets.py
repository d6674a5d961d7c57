"""Choosing several values of a facet by keyboard; closing the list applies what was ticked."""

import re

import pytest
from playwright.sync_api import Page, expect

from assignments.audit.entries.actors import SYSTEM
from assignments.models import DraftLearner
from assignments.services.syncing import facets
from tests.browser.conftest import sign_in
from tests.factories import AT, make_account, make_learner

pytestmark = pytest.mark.browser


@pytest.fixture
def location(page: Page):
    """Return the control of locations on the page of a new draft; there are 15, of 15 people."""
    account = make_account()
    for number in range(15):
        make_learner(name=f"Ada {number:02}", custom_fields={"location": f"City {number:02}"})
    facets.set_facets(account=account, chosen=[("location", "Location")], by=SYSTEM, now=AT)
    sign_in(page, "manager")
    page.get_by_role("button", name="New assignment").first.click()
    return page.locator("summary", has_text="Location:")


def search_and_tick(page: Page, text: str, *, listed: int) -> None:
    """Type in the focused search of values and tick the last of those that are then listed."""
    expect(page.get_by_role("searchbox", name="Search the values of Location")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    boxes = page.locator(".facet-values input")
    expect(boxes).to_have_count(listed)
    for _ in range(listed):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(boxes.last).to_be_checked()
    for _ in range(listed - 1):
        page.keyboard.press("Shift+Tab")


def test_values_are_ticked_by_keyboard_and_applied_on_escape(page, location, check_appearance):
    location.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("checkbox", name="City 00")).to_be_visible()
    check_appearance()
    page.keyboard.press("Tab")
    search_and_tick(page, "city 07", listed=1)
    page.keyboard.press("Shift+Tab")
    search_and_tick(page, "city 03", listed=2)

    page.keyboard.press("Escape")

    expect(location).to_have_text(re.compile("Location: City 07, City 03"))
    expect(location).to_be_focused()
    expect(page.locator("#selection_bar")).to_contain_text("2 match")
    expect(page).to_have_url(re.compile(r"\?f\.location=City\+07&f\.location=City\+03$"))


def test_a_click_elsewhere_applies_and_select_all_selects_who_is_shown(page, location):
    location.click()
    page.get_by_role("button", name="Tick all of these, or none").click()
    page.get_by_role("checkbox", name="City 05").uncheck()

    page.locator("h1").click()

    expect(location).to_contain_text("14 of 15")
    page.get_by_role("button", name="Select all 14 that match").click()
    expect(page.locator("#selection_bar")).to_contain_text("14 selected")
    selected = DraftLearner.objects.values_list("learner__name", flat=True)
    assert sorted(selected) == [f"Ada {number:02}" for number in range(15) if number != 5]
