"""Approval in a real browser: one manager requests it, another reviews and approves."""

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
    """Return a draft of Priya's with the status Completed, which needs an approval."""
    personas.create_all()
    return make_draft(owner=personas.persona_user("manager"), status="completed")


def test_manager_requests_an_approval(page, draft, check_appearance):
    frozen_plan.freeze(draft=draft, now=datetime.now(UTC))
    sign_in(page, "manager")
    page.goto(f"/assign/{draft.pk}/review/")
    check_appearance()

    page.get_by_label("have completed it. The LMS will say so.").check()
    page.get_by_role("button", name="Ask for approval").click()

    expect(
        page.get_by_role("heading", name="Waiting for another manager's approval")
    ).to_be_visible()
    page.get_by_role("link", name="What changed since").click()
    expect(page.get_by_text("another manager has to decide: Daniel Osei.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve this plan")).to_have_count(0)
    check_appearance()


def test_second_manager_reviews_and_approves(page, draft, check_appearance):
    left = submit(draft, now=datetime.now(UTC)).assignments.earliest("pk").learner
    left.is_active = False
    left.save(update_fields=["is_active"])
    sign_in(page, "second")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/")
    check_appearance()
    page.get_by_role("link", name="Review and decide").click()
    expect(page.get_by_text(f"will be skipped: {left}.")).to_be_visible()
    check_appearance()
    page.set_viewport_size({"width": 1440, "height": 900})
    check_appearance()

    page.get_by_role("button", name="Approve this plan").click()

    expect(page.get_by_role("heading", name="Approved by Daniel Osei")).to_be_visible()
    assert Batch.objects.get().state == "waiting"
