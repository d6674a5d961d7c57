"""Text that is typed while an earlier change of the terms is being saved."""

import pytest
from playwright.sync_api import Page, Route, expect

from assignments.models import Draft
from tests.factories import make_account

pytestmark = pytest.mark.browser


@pytest.fixture
def draft(page: Page) -> Page:
    """Return the page of a draft with its section of more fields open."""
    make_account(remote_id="sandbox")
    page.goto("/login/")
    page.click("form[action='/login/demo/manager'] button")
    page.get_by_role("button", name="New assignment").first.click()
    page.locator("#more-fields summary").click()
    return page


def test_what_is_typed_during_a_request_stays_and_is_saved(draft: Page):
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    draft.route("**/terms", hold, times=1)
    status = draft.get_by_label("LMS status")

    draft.get_by_label("External reference").fill("HR-1")
    with draft.expect_request("**/terms"):
        status.focus()
    status.press_sequentially("ENROLLED")
    with draft.expect_response("**/terms"):
        held[0].continue_()

    expect(status).to_have_value("ENROLLED", timeout=10_000)
    with draft.expect_response("**/terms"):
        draft.get_by_label("Passthrough").focus()
    saved = Draft.objects.get()
    assert (saved.external_reference, saved.source_status) == ("HR-1", "ENROLLED")
