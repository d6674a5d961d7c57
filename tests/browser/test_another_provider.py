"""Single sign-on through a third-party provider, which cannot share mistakes with our own.

Errors of a provider are tested in `test_single_sign_on.py`.
"""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
import time_machine
from playwright.sync_api import Browser, Page, expect

from assignments.models import LogEntry
from dashboard.access.models import SignIn, User
from tests.factories import make_account
from tests.identity_fixtures import PEOPLE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(chromium: Browser, live_server, provider_url) -> Iterator[Page]:
    """Open an empty page; requests for the provider's remote style sheet are blocked."""
    with chromium.new_context(base_url=live_server.url) as context:
        context.route(re.compile("^https://"), lambda route: route.abort())
        yield context.new_page()


def sign_in(page: Page, button: str) -> None:
    """Press the sign-in button, and then one at the provider."""
    page.goto("/login/")
    page.get_by_role("link", name="Continue with your company account").click()
    page.get_by_role("button", name=button).click()


def actions() -> list[str]:
    """Return the actions in the log, oldest first."""
    return list(LogEntry.objects.order_by("seq").values_list("action", flat=True))


def later(minutes: int) -> time_machine.travel:
    """Move the clock forward and let it run."""
    return time_machine.travel(datetime.fromtimestamp(time.time() + minutes * 60, UTC), tick=True)


def test_manager_signs_in_and_out(page, provider_url):
    make_account()
    sign_in(page, "Authorize as priya")
    expect(page.locator("h1")).to_contain_text("Hello, Priya")
    user = User.objects.get()
    assert (user.issuer, user.subject, user.roles) == (provider_url, "priya", ["manager"])

    page.locator("button.avatar").click()
    page.get_by_role("button", name="Sign out").click()

    page.wait_for_url(f"{provider_url}/oauth2/end_session*")
    page.get_by_role("button").first.click()
    expect(page.get_by_role("link", name="Continue with your company account")).to_be_visible()
    assert actions() == ["user.signed_in", "user.signed_out"]


def test_denied_sign_in_shows_the_reason(page):
    sign_in(page, "Deny access")

    expect(page.locator("h1")).to_contain_text("sign-in refused")
    page.goto("/batches/")
    expect(page.get_by_role("link", name="Continue with your company account")).to_be_visible()


def test_renewal_updates_roles_and_ends_the_session_of_a_leaver(page, provider_url):
    make_account()
    sign_in(page, "Authorize as priya")
    expect(page.locator("h1")).to_contain_text("Hello, Priya")

    httpx.put(f"{provider_url}/users/priya", json=PEOPLE["priya"] | {"groups": ["audit"]})
    with later(minutes=11):
        page.goto("/batches/")
        expect(page.get_by_role("button", name="New assignment")).to_have_count(0)
    assert User.objects.get().roles == ["auditor"]

    httpx.post(f"{provider_url}/users/priya/revoke-tokens")
    with later(minutes=22):
        page.goto("/batches/")
        expect(page.get_by_role("link", name="Continue with your company account")).to_be_visible()
    assert not SignIn.objects.exists()
    assert actions() == ["user.signed_in", "user.roles_changed", "user.signed_out"]


def test_roles_are_read_from_another_claim(page, provider_url, settings):
    make_account()
    settings.OIDC_ROLE_CLAIM = "realm_access.roles"
    claims = {"groups": [], "realm_access": {"roles": ["ld"]}}
    httpx.put(f"{provider_url}/users/priya", json=PEOPLE["priya"] | claims)

    sign_in(page, "Authorize as priya")

    expect(page.locator("h1")).to_contain_text("Hello, Priya")


def test_groups_that_were_left_out_are_named(page, provider_url):
    claims = {"groups": None, "_claim_names": {"groups": "src1"}}
    httpx.put(f"{provider_url}/users/priya", json=PEOPLE["priya"] | claims)

    sign_in(page, "Authorize as priya")

    expect(page.locator("h1")).to_contain_text("in more groups than")
    expect(page.locator("#main")).to_contain_text("or app roles")
    assert actions() == ["user.sign_in_refused"]


def test_a_person_in_many_groups_signs_out(page, provider_url):
    make_account()
    groups = ["ld", *(f"a-group-with-a-long-name-{number}" for number in range(200))]
    httpx.put(f"{provider_url}/users/priya", json=PEOPLE["priya"] | {"groups": groups})
    sign_in(page, "Authorize as priya")
    page.locator("button.avatar").click()

    page.get_by_role("button", name="Sign out").click()

    page.wait_for_url(f"{provider_url}/oauth2/end_session*")
    assert len(page.url) <= 2000
    page.get_by_role("button").first.click()
    expect(page.get_by_role("link", name="Continue with your company account")).to_be_visible()
