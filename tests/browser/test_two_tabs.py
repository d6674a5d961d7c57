"""The same draft in two tabs: what one picked, the other does not undo."""

import pytest
from playwright.sync_api import Page, expect

from assignments.models import DraftLearner, Learner
from tests.factories import make_account, make_content, make_learner

pytestmark = pytest.mark.browser


def tick(page: Page, name: str) -> None:
    """Tick somebody and wait until it is kept."""
    with page.expect_response(lambda answer: answer.url.endswith("/pick")):
        page.get_by_role("checkbox", name=f"Select {name}").check()


def picked() -> list[str]:
    """Return the names of everybody who is picked."""
    chosen = DraftLearner.objects.values("learner")
    return list(
        Learner.objects.filter(pk__in=chosen).order_by("name").values_list("name", flat=True)
    )


@pytest.fixture
def draft(page: Page) -> Page:
    """Return the page of a draft with an item, as a manager."""
    account = make_account(remote_id="sandbox")
    make_content(account=account, title="Fire Safety")
    for name in ("Ada", "Ben", "Cid", "Dan"):
        make_learner(account=account, name=name)
    page.goto("/login/")
    page.click("form[action='/login/demo/manager'] button")
    page.get_by_role("button", name="New assignment").first.click()
    page.get_by_label("Find a course, video or document").fill("fire")
    page.locator("#options button").first.click()
    expect(page.locator("#what .pickrow")).to_have_count(1)
    return page


def test_two_tabs_pick_together(draft):
    other = draft.context.new_page()
    other.goto(draft.url)

    tick(draft, "Ada")
    tick(other, "Ben")
    tick(draft, "Cid")
    assert picked() == ["Ada", "Ben", "Cid"]

    draft.get_by_role("checkbox", name="Select Ada").uncheck()
    expect(draft.locator("#selbar")).to_contain_text("2 selected")
    draft.locator("aside").get_by_role("button", name="Review").click()
    expect(draft.locator("h1")).to_have_text("Check and create 2 assignments")
    assert picked() == ["Ben", "Cid"]


def test_a_range_and_the_whole_page_are_kept(draft):
    draft.get_by_role("checkbox", name="Select Ada").click()
    draft.get_by_role("checkbox", name="Select Cid").click(modifiers=["Shift"])
    expect(draft.locator("#selbar")).to_contain_text("3 selected")
    assert picked() == ["Ada", "Ben", "Cid"]

    draft.locator("[data-pick-page]").click()
    expect(draft.locator("#selbar")).to_contain_text("4 selected")
    assert picked() == ["Ada", "Ben", "Cid", "Dan"]


def test_enter_picks_the_only_one_who_matches(draft):
    field = draft.get_by_role("searchbox", name="Search people by name")
    field.fill("ben")
    expect(draft.locator("#people tbody tr")).to_have_count(1)
    with draft.expect_response(lambda answer: answer.url.endswith("/pick")):
        field.press("Enter")

    expect(draft.locator("#people tbody tr")).to_have_count(4)
    expect(field).to_have_value("")
    assert picked() == ["Ben"]
