"""Text typed before the scripts load, on a slow connection, is not lost."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.factories import make_account, make_content, make_learner

pytestmark = pytest.mark.browser


@pytest.fixture
def pending_scripts(page: Page) -> list[Route]:
    """Open a new draft and return the held-back requests for its scripts."""
    account = make_account(remote_id="sandbox")
    make_content(account=account, title="Fire Safety")
    for name in ("Ada", "Ben"):
        make_learner(account=account, name=name)
    page.goto("/login/")
    page.click("form[action='/login/demo/manager'] button")
    held: list[Route] = []
    page.route(re.compile(r"\.js(\?|$)"), lambda route: held.append(route))  # noqa: PLW0108
    page.get_by_role("button", name="New assignment").first.click(no_wait_after=True)
    return held


def release_scripts(page: Page, pending_scripts: list[Route]) -> None:
    """Let the requests for scripts through."""
    for route in pending_scripts:
        route.continue_()
    page.unroute_all()


def test_content_search_typed_before_scripts_load_is_run(
    page: Page, pending_scripts: list[Route]
) -> None:
    page.get_by_label("Find a course, video or document").fill("fire")
    release_scripts(page, pending_scripts)

    page.locator("#options").get_by_role("option").first.click()
    expect(page.locator("#what .picked-item")).to_have_count(1)


def test_people_search_typed_before_scripts_load_is_run(
    page: Page, pending_scripts: list[Route]
) -> None:
    page.get_by_role("searchbox", name="Search people by name").fill("ada")
    release_scripts(page, pending_scripts)

    expect(page.locator("#people tbody tr")).to_have_count(1)
