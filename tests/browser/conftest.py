"""Chromium for browser tests; errors in its console fail the test."""

import os
import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    expect,
    sync_playwright,
)

from tests.waiting import HANG_SECONDS

# Colours change over a frame even when motion is reduced; axe must not look in between.
TWO_FRAMES = "() => new Promise((on) => requestAnimationFrame(() => requestAnimationFrame(on)))"
# The themes differ in colours only.
AXE_OPTIONS = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]},
}
# What htmx reports when a newer search replaces one in progress. A request that failed is
# reported as htmx:sendError or htmx:responseError as well.
REPLACED = ("htmx:afterRequest,", "htmx:sendAbort,")
# What Playwright says when the page is replaced during a check.
NAVIGATED = "because of a navigation"
NAMES = ("chromium", "chromium-browser", "google-chrome")
expect.set_options(timeout=HANG_SECONDS * 1000)
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start the Chromium that CHROMIUM names or that is installed.

    Playwright keeps an event loop in this thread, which Django takes for asynchronous code and
    which must be gone before the tests of another module.
    """
    chromium_path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if chromium_path is None:
        pytest.fail("No Chromium here. Install it, or name one in CHROMIUM.")
    # Chromium's own sandbox does not start for root, as in many containers.
    flags = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=chromium_path, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, live_server) -> Iterator[Page]:
    """Open an empty page of the site; errors in its console fail the test at the end."""
    errors: list[str] = []
    with chromium.new_context(
        base_url=live_server.url, viewport={"width": 1440, "height": 900}
    ) as context:
        context.set_default_timeout(HANG_SECONDS * 1000)
        opened = context.new_page()
        opened.on("console", lambda message: errors.extend(_errors(message)))
        opened.on("pageerror", lambda error: errors.append(str(error)))
        yield opened
        # What the page reports because it is closed during a request is no error.
        assert errors == []


@pytest.fixture
def check_appearance(page: Page) -> Callable[[], None]:
    """Return a function that checks accessibility, light and dark, and horizontal overflow."""

    def check_once() -> None:
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.evaluate(TWO_FRAMES)
            assert _accessibility_problems(page, theme) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    def check() -> None:
        try:
            check_once()
        except Error as error:
            # The page of a batch loads itself anew when the batch has ended.
            if NAVIGATED not in error.message:
                raise
            page.wait_for_load_state()
            check()

    return check


def _accessibility_problems(page: Page, theme: str) -> list[str]:
    violations = Axe().run(page, options=AXE_OPTIONS[theme]).response["violations"]
    return [
        f"{violation['id']}: {node['html']}"
        for violation in violations
        for node in violation["nodes"]
    ]


def sign_in(page: Page, persona: str) -> None:
    """Sign in as a demo persona."""
    page.goto("/login/")
    page.click(f"form[action='/login/demo/{persona}'] button")
    page.wait_for_url(re.compile(r"/(audit/)?$"))


def _errors(message: ConsoleMessage) -> list[str]:
    is_error = message.type == "error" and not message.text.startswith(REPLACED)
    return [message.text] if is_error else []
