"""Two managers and one plan, in a real browser: asked for, looked at, approved."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from assignments.models import Batch
from assignments.services.planning import frozen_plan
from dashboard.access import personas
from tests.approval_fixtures import make_draft, submit
from tests.browser.conftest import sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def draft(live_server):
    """Return a draft of Priya's of which people are to stand as having completed an item."""
    personas.create_all()
    return make_draft(owner=personas.persona_user("manager"), status="completed")


def test_manager_requests_an_approval(page, draft, looks_right):
    frozen_plan.freeze(draft=draft, now=datetime.now(UTC))
    sign_in(page, "manager")
    page.goto(f"/assign/{draft.pk}/review/")
    looks_right()

    page.get_by_label("have completed it. The LMS will say so.").check()
    page.get_by_role("button", name="Ask for approval").click()

    expect(
        page.get_by_role("heading", name="Waiting for another manager's approval")
    ).to_be_visible()
    page.get_by_role("link", name="What changed since").click()
    expect(page.get_by_text("another manager has to decide: Daniel Osei.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve this plan")).to_have_count(0)
    looks_right()


def test_second_manager_reviews_and_approves(page, draft, looks_right):
    left = submit(draft, now=datetime.now(UTC)).assignments.earliest("pk").learner
    left.is_active = False
    left.save(update_fields=["is_active"])
    sign_in(page, "second")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/")
    looks_right()
    page.get_by_role("link", name="Review and decide").click()
    expect(page.get_by_text(f"will be skipped: {left}.")).to_be_visible()
    looks_right()
    page.set_viewport_size({"width": 1440, "height": 900})
    looks_right()

    page.get_by_role("button", name="Approve this plan").click()

    expect(page.get_by_role("heading", name="Approved by Daniel Osei")).to_be_visible()
    assert Batch.objects.get().state == "waiting"
