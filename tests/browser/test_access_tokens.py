"""Access tokens in a real Chromium, and a program that uses one over a socket."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in

pytestmark = pytest.mark.browser


def test_auditor_creates_uses_and_revokes_a_token(page: Page, check_appearance: Any) -> None:
    sign_in(page, "auditor")
    page.goto("/settings/")
    page.get_by_role("link", name="Access tokens").click()
    expect(page.get_by_text("You have no tokens")).to_be_visible()
    page.get_by_label("What it is for").fill("GRC")
    page.get_by_text("90 days", exact=True).click()
    page.get_by_role("button", name="Create the token").click()

    example = page.locator("pre").last.inner_text()
    command = re.fullmatch(r'curl -H "(\w+): (Bearer desk_\S+)" "(http\S+)"', example)
    assert command is not None
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        check_appearance()
    header, secret, address = command.groups()
    response = httpx.get(address, headers={header: secret}, trust_env=False)
    assert response.json()["entries"][0]["sentence"].endswith("created an access token for the API")

    page.get_by_role("button", name="Revoke GRC").click()

    expect(page.get_by_text("You have no tokens")).to_be_visible()
    response = httpx.get(address, headers={header: secret}, trust_env=False)
    assert response.status_code == 401
