"""The audit log in a real Chromium: writing a query by keyboard, and the appearance of pages."""

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from assignments.audit.entries.actors import Person
from assignments.audit.log import Event, record_all
from assignments.models import Assignment, RemoteAssignment
from tests import log_tampering
from tests.browser.conftest import sign_in
from tests.factories import AT, make_batch
from tests.log_fixtures import PRIYA

pytestmark = pytest.mark.browser
WIDTHS = [pytest.param(1440, id="desk"), pytest.param(390, id="phone")]


@pytest.fixture
def row(page: Page) -> Assignment:
    """Return a created row with its log entries, with an auditor signed in."""
    row = make_batch(["created"]).assignments.get()
    item = {"title": str(row.content), "reference": row.content_reference}
    batch = row.batch.ref
    reply = {"status": 201, "body": {"data": {"id": row.remote_id}}}
    created = Event(
        action="assignment.created",
        subject=f"assignment/{row.pk}",
        result="created",
        people=(Person(ref=f"learner/{row.learner_id}", name=row.learner.name, reference="NW-1"),),
        detail={
            "content": {"ref": f"content/{row.content_id}", **item},
            "request": {"learning_object_external_reference": row.content_reference},
            "response": reply,
        },
        batch=batch,
    )
    detail = {"people": 1, "items": 1, "reason": "Policy DP-14"}
    submitted = Event(action="batch.submitted", subject=batch, batch=batch, detail=detail)
    with transaction.atomic():
        record_all([submitted, created], by=PRIYA, at=AT)
    RemoteAssignment.objects.create(
        account=row.batch.account,
        remote_id=row.remote_id,
        learner=row.learner,
        content=row.content,
        status="in_progress",
        first_seen_at=AT,
    )
    sign_in(page, "auditor")
    return row


def test_query_is_written_by_keyboard(page, row, check_appearance):
    page.goto("/audit/")
    field = page.get_by_role("combobox", name="Words, or a qualifier")
    field.focus()
    page.keyboard.type("res")
    expect(page.locator("#options").get_by_role("option")).to_have_count(1)
    check_appearance()

    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("result:")
    expect(page.locator("#options").get_by_role("option").first).to_contain_text("result:created")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("result:created ")
    page.keyboard.press("Enter")

    expect(page.get_by_role("group", name="Filters in use")).to_contain_text("Result: created")
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="Result: created").click()
    expect(field).to_have_value("")


@pytest.mark.parametrize("width", WIDTHS)
def test_log_pages_are_accessible(page, row, check_appearance, width):
    page.set_viewport_size({"width": width, "height": 900})
    for address in (
        f"/audit/?q=when:this-year+-result:rejected+person:learner/{row.learner_id}",
        "/audit/?q=gdpr+when:2026-13+by:priya",
        f"/people/{row.learner_id}/content/{row.content_id}/",
        f"/people/{row.learner_id}/",
        "/audit/1/",
    ):
        page.goto(address)
        page.evaluate(
            "document.querySelectorAll('details').forEach(details => { details.open = true })"
        )
        check_appearance()


@pytest.mark.parametrize("width", WIDTHS)
def test_search_results_are_verified(page, row, check_appearance, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/audit/?q=batch:{row.batch.number}")
    page.get_by_role("link", name="Verify these 2").click()

    expect(page.locator("h1")).to_have_text("Check of 2 entries")
    check_appearance()
    log_tampering.edit_body(1, 2)
    page.reload()
    page.get_by_role("alert").get_by_role("link", name="Entry 1").click()
    expect(page.get_by_text("This entry was altered")).to_be_visible()
