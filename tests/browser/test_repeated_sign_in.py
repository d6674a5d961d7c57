"""Signing in while signed in, in a real browser and through a third-party provider."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dashboard.access.models import SignIn
from dashboard.proxy_settings import ProxySettings
from tests.factories import make_account
from tests.test_proxy_sign_in import HEADERS, ISSUER, PRIYA, SECRET
from tests.test_single_sign_on import actions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BUTTONS = {
    "demo": "Priya Mehta, assigns learning",
    "oidc": "Continue with your company account",
    "proxy": "Continue with your company account",
}


@pytest.fixture(params=BUTTONS)
def mode(request: pytest.FixtureRequest, settings: Any) -> str:
    """Configure one way to sign in and return its name."""
    make_account()
    if request.param == "oidc":
        request.getfixturevalue("provider_url")
    if request.param == "proxy":
        settings.DESK_DEMO = False
        settings.PROXY_SETTINGS = ProxySettings(secret=SECRET, issuer=ISSUER, headers=HEADERS)
        settings.OIDC_MANAGER_VALUES = ["ld"]
    return str(request.param)


@pytest.fixture
def browser_window(chromium: Browser, live_server: Any, mode: str) -> Iterator[BrowserContext]:
    """Open a browser; no page of the site may answer with a server error."""
    failed: list[str] = []
    with chromium.new_context(base_url=live_server.url) as context:
        # The third-party provider has a remote style sheet.
        context.route(re.compile("^https://"), lambda route: route.abort())
        if mode == "proxy":
            context.set_extra_http_headers(PRIYA)
        context.on(
            "response",
            lambda response: failed.append(response.url) if response.status >= 400 else None,
        )
        yield context
    assert failed == []


def press_sign_in(page: Page, mode: str, *, clicks: int = 1) -> None:
    """Press the button of the sign-in page, and that of the provider if there is one."""
    page.get_by_text(BUTTONS[mode]).click(click_count=clicks)
    if mode == "oidc":
        page.get_by_role("button", name="Authorize as priya").click(click_count=clicks)


def expect_signed_in(page: Page) -> None:
    """Check that the start page greets Priya."""
    expect(page.locator("h1")).to_contain_text("Hello, Priya")


def test_two_tabs_sign_in_after_each_other(browser_window: BrowserContext, mode: str) -> None:
    first, second = browser_window.new_page(), browser_window.new_page()
    for tab in (first, second):
        tab.goto("/login/")

    for tab in (first, second):
        press_sign_in(tab, mode)
        expect_signed_in(tab)

    first.reload()
    expect_signed_in(first)
    assert SignIn.objects.count() == 1


def test_a_double_press_signs_in(browser_window: BrowserContext, mode: str) -> None:
    page = browser_window.new_page()
    page.goto("/login/")

    press_sign_in(page, mode, clicks=2)

    expect_signed_in(page)
    page.reload()
    expect_signed_in(page)


def test_the_back_button_leads_to_a_working_sign_in(
    browser_window: BrowserContext, mode: str
) -> None:
    page = browser_window.new_page()
    page.goto("/login/")
    press_sign_in(page, mode)
    expect_signed_in(page)

    page.go_back()
    if mode == "oidc":
        page.get_by_role("button", name="Authorize as priya").click()

    expect_signed_in(page)
    assert SignIn.objects.count() == 1
    assert actions() == ["user.signed_in"]
