"""Single sign-on in a real browser, and what people see when it fails."""

import re
from collections.abc import Iterator

import httpx
import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Page, expect

from assignments.models import Draft
from tests.factories import make_account, make_learner
from tests.test_single_sign_on import later

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(chromium: Browser, live_server, company) -> Iterator[Page]:
    """Open an empty page; error statuses are expected, other console errors fail the test."""
    errors: list[str] = []
    with chromium.new_context(
        base_url=live_server.url, viewport={"width": 1440, "height": 900}
    ) as context:
        opened = context.new_page()
        opened.on("console", lambda message: errors.append(message.text))
        opened.on("pageerror", lambda error: errors.append(str(error)))
        yield opened
    assert [text for text in errors if "Failed to load resource" not in text] == []


def sign_in(page: Page, person: str, wanted: str = "/login/") -> None:
    """Press the sign-in button and choose an account at the provider."""
    page.goto(wanted)
    page.get_by_role("link", name="Continue with your company account").click()
    expect(page.get_by_role("heading", name="Company account")).to_be_visible()
    page.get_by_role("link", name=person).click()


def test_manager_signs_in_and_out(page, company):
    make_account()
    sign_in(page, "priya")
    expect(page.locator("h1")).to_contain_text("Hello, Priya")
    expect(page.get_by_role("button", name="New assignment").first).to_be_visible()

    page.locator("button.avatar").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("link", name="Continue with your company account")).to_be_visible()
    assert company.remembers == ""


def test_refused_sign_in_shows_the_reason(page, company, check_appearance):
    sign_in(page, "tom")

    expect(page.locator("h1")).to_contain_text("Your account has no role here")
    expect(page.locator("#main")).to_contain_text("Ask the L&D desk")
    page.set_viewport_size({"width": 390, "height": 844})
    check_appearance()
    page.goto("/batches/")
    expect(page.get_by_role("link", name="Continue with your company account")).to_be_visible()
    assert page.url.endswith("/login/?next=/batches/")


def test_used_callback_url_is_refused(page, company):
    page.goto("/login/")
    page.get_by_role("link", name="Continue with your company account").click()
    link = page.get_by_role("link", name="priya").get_attribute("href")
    callback_url = httpx.get(f"{company.url}{link}", verify=False).headers["Location"]
    page.goto(callback_url)
    page.locator("button.avatar").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Continue with your company account")).to_be_visible()

    page.goto(callback_url)

    expect(page.locator("h1")).to_contain_text("used already or is too old")
    page.get_by_role("link", name="Sign in again").click()
    expect(page.get_by_role("link", name="Continue with your company account")).to_be_visible()


def start_draft(page: Page) -> str:
    """Choose a due date and a person; return the URL of the draft."""
    page.get_by_role("button", name="New assignment").first.click()
    page.get_by_role("button", name="30 days").click()
    expect(page.locator("#due-words")).to_contain_text("end of day in London")
    page.locator("#people tbody td.pick input[type=checkbox]").first.check()
    expect(page.locator("#selection_bar")).to_contain_text("1 selected")
    return page.url.split("?")[0]


def test_draft_survives_a_session_that_ends_while_it_is_edited(page, company, check_appearance):
    account = make_account()
    make_learner(account)
    make_learner(account)
    sign_in(page, "priya")
    draft = start_draft(page)
    Session.objects.all().delete()

    # Not check(): it reads the box again, which may be gone by then.
    page.locator("#people tbody td.pick input[type=checkbox]").nth(1).click()

    expect(page.get_by_text("Your session ended.")).to_be_visible()
    check_appearance()
    page.get_by_role("link", name="Continue with your company account").click()
    page.get_by_role("link", name="priya").click()
    page.wait_for_url(re.compile("/assign/"))
    assert page.url.split("?")[0] == draft
    expect(page.locator("#selection_bar")).to_contain_text("1 selected")
    assert Draft.objects.get().due_date


def test_administrator_ends_the_session_of_another_user(
    page, company, check_appearance, chromium, live_server
):
    with chromium.new_context(base_url=live_server.url) as context:
        other_page = context.new_page()
        sign_in(other_page, "priya")
        expect(other_page.locator("h1")).to_contain_text("Hello, Priya")
        sign_in(page, "ruth")
        expect(page.locator("h1")).to_contain_text("Audit log")
        page.goto("/sessions/")
        expect(page.locator("tbody tr")).to_have_count(2)
        page.locator("tr", has_text="Priya Mehta").get_by_role("button").click()
        expect(page.locator("tbody tr")).to_have_count(1)

        other_page.goto("/batches/")
        expect(other_page.get_by_text("Your session ended.")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    check_appearance()


def test_pages_work_while_the_provider_is_away(page, company):
    company.gives_refresh_tokens = False
    make_account()
    sign_in(page, "priya")
    expect(page.locator("h1")).to_contain_text("Hello, Priya")
    company.refuses = "temporarily_unavailable"

    with later(minutes=11):
        page.goto("/batches/")
        expect(page.locator("h1")).to_have_text("Batches")
    with later(minutes=16):
        page.goto("/batches/")
        expect(page.locator("h1")).to_contain_text("does not respond")
    company.refuses = ""
    with later(minutes=17):
        page.goto("/batches/")
        expect(page.locator("h1")).to_have_text("Batches")
