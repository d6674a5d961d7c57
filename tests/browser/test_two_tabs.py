"""The same draft in two tabs: neither overwrites the selection of the other."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from assignments.models import DraftLearner, Learner
from tests.factories import make_account, make_content, make_learner

pytestmark = pytest.mark.browser


def tick(page: Page, name: str) -> None:
    """Tick a person and wait until it is saved."""
    with page.expect_response(lambda response: response.url.endswith("/pick")):
        page.get_by_role("checkbox", name=f"Select {name}").check()


def picked() -> list[str]:
    """Return the names of all selected people."""
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
    page.locator("#options").get_by_role("option").first.click()
    expect(page.locator("#what .picked-item")).to_have_count(1)
    return page


def test_picks_of_two_tabs_are_merged(draft):
    other = draft.context.new_page()
    other.goto(draft.url)

    tick(draft, "Ada")
    tick(other, "Ben")
    tick(draft, "Cid")
    assert picked() == ["Ada", "Ben", "Cid"]

    draft.get_by_role("checkbox", name="Select Ada").uncheck()
    expect(draft.locator("#selection_bar")).to_contain_text("2 selected")
    draft.locator("aside").get_by_role("button", name="Review").click()
    expect(draft.locator("h1")).to_have_text("Check and create 2 assignments")
    assert picked() == ["Ben", "Cid"]


def test_range_and_whole_page_selections_are_saved(draft):
    draft.get_by_role("checkbox", name="Select Ada").click()
    draft.get_by_role("checkbox", name="Select Cid").click(modifiers=["Shift"])
    expect(draft.locator("#selection_bar")).to_contain_text("3 selected")
    assert picked() == ["Ada", "Ben", "Cid"]

    draft.locator("[data-pick-page]").click()
    expect(draft.locator("#selection_bar")).to_contain_text("4 selected")
    assert picked() == ["Ada", "Ben", "Cid", "Dan"]


def test_tick_survives_a_pending_search(draft):
    held: list[Route] = []
    search = re.compile(r"/assign/[^/]+/\?q=")
    # Playwright cannot take the list's own method.
    draft.route(search, lambda route: held.append(route))  # noqa: PLW0108
    with draft.expect_request(search):
        draft.get_by_role("searchbox", name="Search people by name").fill("ada")
    with draft.expect_response(lambda response: response.url.endswith("/pick")):
        draft.get_by_role("checkbox", name="Select Ben").check()
        held[0].continue_()

    expect(draft.locator("#selection_bar")).to_contain_text("1 selected, 0 of them in this filter")
    expect(draft.locator("#people tbody tr")).to_have_count(1)
    assert picked() == ["Ben"]


@pytest.mark.parametrize(("button", "left"), [("Select all", ["Ada", "Ben"]), ("Clear", [])])
def test_button_press_survives_a_pending_search(draft, button, left):
    tick(draft, "Ben")
    held: list[Route] = []
    search = re.compile(r"/assign/[^/]+/\?q=")
    draft.route(search, lambda route: held.append(route))  # noqa: PLW0108
    with draft.expect_request(search):
        draft.get_by_role("searchbox", name="Search people by name").fill("ada")
    with draft.expect_response(lambda response: response.request.method == "POST"):
        draft.get_by_role("button", name=button).click()
        held[0].continue_()

    expect(draft.locator("#selection_bar")).to_contain_text(f"{len(left)} selected")
    assert picked() == left


def test_list_link_survives_a_pending_search(draft):
    held: list[Route] = []
    search = re.compile(r"/assign/[^/]+/\?q=a")
    draft.route(search, lambda route: held.append(route), times=1)  # noqa: PLW0108
    with draft.expect_request(search):
        draft.get_by_role("searchbox", name="Search people by name").fill("a")
    with draft.expect_response(re.compile("inactive=[^&]")):
        draft.get_by_role("link", name="Show inactive, too").click()
        held[0].continue_()

    expect(draft.get_by_role("link", name="Hide inactive")).to_be_visible()
    expect(draft.locator("#waiting > *")).to_have_count(0)


def test_item_picked_from_replaced_options_is_shown(draft):
    make_content(account=Learner.objects.earliest("pk").account, title="Water Safety")
    held: list[Route] = []
    draft.route(re.compile("/content$"), lambda route: held.append(route))  # noqa: PLW0108
    field = draft.get_by_label("Add another course, video or document")
    field.fill("safety")
    option = draft.locator("#options").get_by_role("option")
    with draft.expect_request(re.compile("/content$")):
        option.filter(has_text="Water Safety").click()
    with draft.expect_response(re.compile(r"find=water$")):
        field.fill("water")
    expect(option).to_have_count(1)
    held[0].continue_()

    expect(draft.locator("#what .picked-item")).to_have_count(2)
    expect(draft.locator("#summary")).to_contain_text("Assign 2 items")
    expect(draft.locator("#waiting > *")).to_have_count(0)


def test_tick_that_cannot_be_saved_is_reverted(draft):
    # The aborted request is a console error; only the first page fails on those.
    page = draft.context.new_page()
    page.goto(draft.url)
    page.route(re.compile(r"/pick$"), lambda route: route.abort())
    ada = page.get_by_role("checkbox", name="Select Ada")
    # Not check(), which requires that it stays ticked.
    ada.click()

    expect(page.locator("#not-saved")).to_contain_text("Not saved.")
    expect(ada).not_to_be_checked()
    assert picked() == []


def test_enter_picks_the_only_match(draft):
    field = draft.get_by_role("searchbox", name="Search people by name")
    field.fill("ben")
    expect(draft.locator("#people tbody tr")).to_have_count(1)
    with draft.expect_response(lambda response: response.url.endswith("/pick")):
        field.press("Enter")

    expect(draft.locator("#people tbody tr")).to_have_count(4)
    expect(field).to_have_value("")
    assert picked() == ["Ben"]


def test_stale_tab_shows_a_notice(draft):
    other = draft.context.new_page()
    other.goto(draft.url)
    note = "This draft changed in another tab."

    tick(draft, "Ada")
    tick(draft, "Cid")
    expect(draft.get_by_text(note)).to_have_count(0)
    tick(other, "Ben")
    expect(other.get_by_text(note)).to_be_visible()
    other.get_by_role("link", name="Reload").click()
    expect(other.get_by_text(note)).to_have_count(0)
    expect(other.locator("#selection_bar")).to_contain_text("3 selected")

    other.get_by_role("button", name="30 days").click()
    expect(other.locator("#due-words")).to_contain_text("end of day")
    draft.get_by_role("radio", name="Completed").check()
    expect(draft.get_by_role("alert")).to_contain_text("What you just chose here was not kept")
    expect(draft.locator("#due-words")).to_contain_text("end of day")
