"""Signing in behind a reverse proxy in a real browser, and what people see on a refusal."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dashboard.proxy_settings import ProxySettings
from tests.factories import make_account, make_learner
from tests.test_proxy_sign_in import HEADERS, ISSUER, PRIYA, SECRET

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BUTTON = "Continue with your company account"


@pytest.fixture
def proxied_browser(chromium: Browser, live_server: Any, settings: Any) -> Iterator[BrowserContext]:
    """Return a browser behind a trusted proxy that names Priya."""
    settings.DESK_DEMO = False
    settings.PROXY_SETTINGS = ProxySettings(secret=SECRET, issuer=ISSUER, headers=HEADERS)
    settings.OIDC_MANAGER_VALUES, settings.OIDC_AUDITOR_VALUES = ["ld"], ["audit"]
    settings.ACCESS_CONTACT = "the L&D desk"
    with chromium.new_context(
        base_url=live_server.url, viewport={"width": 390, "height": 844}
    ) as context:
        context.set_extra_http_headers(PRIYA)
        yield context


@pytest.fixture
def page(proxied_browser: BrowserContext) -> Page:
    """Open an empty page behind the proxy."""
    return proxied_browser.new_page()


def change_headers(proxied_browser: BrowserContext, **changed: str) -> None:
    """Change the headers that the proxy adds."""
    proxied_browser.set_extra_http_headers(PRIYA | changed)


def sign_in(page: Page) -> None:
    """Press the sign-in button."""
    page.goto("/login/")
    page.get_by_role("link", name=BUTTON).click()


def test_manager_signs_in_starts_a_draft_and_signs_out(
    page: Page, proxied_browser: BrowserContext, check_appearance: Callable[[], None]
) -> None:
    make_learner(make_account())
    page.goto("/batches/")
    check_appearance()

    page.get_by_role("link", name=BUTTON).click()

    expect(page.locator("h1")).to_have_text("Batches")
    page.goto("/")
    expect(page.locator("h1")).to_contain_text("Hello, Priya")
    page.get_by_role("button", name="New assignment").first.click()
    expect(page.locator("#people tbody tr")).to_have_count(1)
    page.locator("button.avatar").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name=BUTTON)).to_be_visible()


def test_auditor_cannot_start_an_assignment(page: Page, proxied_browser: BrowserContext) -> None:
    change_headers(proxied_browser, DeskSubject="ingrid", DeskGroups="audit", DeskName="Ingrid")
    sign_in(page)

    expect(page.locator("h1")).to_contain_text("Audit log")
    expect(page.get_by_role("button", name="New assignment")).to_have_count(0)


def test_refused_sign_in_shows_the_reason(
    page: Page, proxied_browser: BrowserContext, check_appearance: Callable[[], None]
) -> None:
    change_headers(proxied_browser, DeskGroups="sales")
    page.goto("/login/proxy")

    expect(page.locator("h1")).to_contain_text("no role here")
    expect(page.locator("main")).to_contain_text("Ask the L&D desk")
    expect(page.locator("button.avatar")).to_have_count(0)
    check_appearance()


def test_session_ends_when_the_proxy_names_another_user(
    page: Page, proxied_browser: BrowserContext
) -> None:
    make_learner(make_account())
    sign_in(page)
    page.get_by_role("button", name="New assignment").first.click()
    page.locator("#people tbody td.pick input[type=checkbox]").first.check()
    expect(page.locator("#selection_bar")).to_contain_text("1 selected")

    change_headers(proxied_browser, DeskSubject="ruth", DeskName="Ruth")
    page.reload()

    expect(page.locator("button.avatar")).to_have_count(0)
    expect(page.get_by_role("link", name=BUTTON)).to_be_visible()
