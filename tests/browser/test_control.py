"""Controlling a batch in a real browser: its buttons, its chart and its start time."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import expect

from assignments.models import Draft, DraftContent, DraftLearner, Worker
from assignments.services.sending import call_counts
from tests.browser.conftest import sign_in
from tests.factories import AT, make_account, make_batch, make_content, make_learner

pytestmark = pytest.mark.browser
ON_RECORD = {"state": "rejected", "response_status": 409, "problem": "Already on the transcript."}
WRONG = {"state": "rejected", "response_status": 400, "problem": "The due date is too early."}
WIDTHS = ({"width": 390, "height": 844}, {"width": 1440, "height": 900})


@pytest.fixture
def running():
    """Return a running batch with every kind of row, and calls in the last minutes."""
    now = datetime.now(UTC)
    make_account(slowed_until=now + timedelta(minutes=2))
    failed: list[dict[str, object]] = [dict(ON_RECORD), dict(ON_RECORD), dict(WRONG)]
    rows: list[str | dict[str, object]] = [*["created"] * 12, *failed, "unknown", "planned"]
    batch = make_batch(rows, state="running", started_at=now - timedelta(minutes=4))
    for number, row in enumerate(batch.assignments.filter(attempt=1).order_by("position")):
        at = now - timedelta(seconds=20 + 9 * number)
        call_counts.count([(at, row.state)])
    Worker.objects.create(name="one", seen_at=now)
    return batch


def test_running_batch_rows_are_accepted_and_the_batch_is_stopped(page, running, check_appearance):
    sign_in(page, "manager")
    for size in WIDTHS:
        page.set_viewport_size(size)
        page.goto(f"/batches/{running.number}/?tab=unknown")
        check_appearance()
        page.locator("details.confirm summary").click()
        check_appearance()
        left = page.locator("details.confirm form").bounding_box()["x"]
        assert left >= 0

    page.goto(f"/batches/{running.number}/")
    page.get_by_role("button", name="Accept 2").click()
    expect(page.locator("#see-failed")).to_have_text("1 failed")
    page.locator("details.confirm summary").click()
    page.get_by_label("Why").fill("Wrong course")
    page.get_by_role("button", name="Stop this batch").click()
    expect(page.get_by_role("button", name="Copy to a new draft")).to_be_visible()
    check_appearance()


def test_opened_table_of_calls_stays_open_after_a_refresh(page, running):
    sign_in(page, "manager")
    page.goto(f"/batches/{running.number}/")

    page.get_by_text("The numbers").click()
    running.assignments.filter(state="planned").update(state="queued", send_at=AT)
    page.wait_for_timeout(4_500)

    expect(page.get_by_role("columnheader", name="Created")).to_be_visible()


def test_start_time_is_confirmed_in_words(page, check_appearance):
    sign_in(page, "manager")
    draft = Draft.objects.create(
        account=make_account(), owner=get_user_model().objects.get(), created_at=AT, changed_at=AT
    )
    DraftContent.objects.create(draft=draft, content=make_content())
    DraftLearner.objects.create(draft=draft, learner=make_learner())
    page.goto(f"/assign/{draft.pk}/")
    page.keyboard.press("Control+Enter")
    field, words = page.get_by_label("Start at"), page.locator("#start-words")

    field.fill("2020-01-01T08:00")
    field.blur()
    expect(words).to_have_text("This start has passed. Choose a later one, or none to start soon.")
    check_appearance()
    day = datetime.now(UTC) + timedelta(days=5)
    field.fill(f"{day:%Y-%m-%d}T08:00")
    field.blur()
    expect(words).to_contain_text(f"Starts {day:%A} {day.day} {day:%B %Y}, 08:00 (Europe/London)")
    page.get_by_role("button", name="Create 1 assignment").click()

    for size in WIDTHS:
        page.set_viewport_size(size)
        expect(page.locator("h2", has_text="Scheduled")).to_be_visible()
        check_appearance()
