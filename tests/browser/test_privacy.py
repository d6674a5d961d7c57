"""Erasure of a person in a real Chromium, at two widths, light and dark."""

from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from assignments.audit.log import record
from assignments.models import Learner
from assignments.services.batches import row_changes
from tests.browser.conftest import sign_in
from tests.factories import AT, make_account, make_batch, make_learner
from tests.log_fixtures import PRIYA

pytestmark = pytest.mark.browser


def test_administrator_erases_a_person(page: Page, check_appearance: Any) -> None:
    person = make_learner(name="Elif Yilmaz", email="elif@northwind.example")
    row = make_batch([{"state": "created", "learner": person}]).assignments.get()
    with transaction.atomic():
        record(row_changes.row_event(row, "assignment.created", "created"), by=PRIYA, at=AT)
    sign_in(page, "admin")
    page.goto("/settings/")
    page.get_by_role("link", name="Personal data").click()
    page.get_by_label("Name, e-mail, employee ID or LMS ID").fill("elif")
    page.get_by_role("button", name="Find").click()
    check_appearance_at_two_widths(page, check_appearance)
    page.get_by_role("link", name="Elif Yilmaz").click()
    check_appearance_at_two_widths(page, check_appearance)

    page.get_by_label("Why", exact=True).fill("Letter of 12 November")
    page.get_by_label("I understand that this cannot be undone.").check()
    page.get_by_role("button", name="Erase Elif Yilmaz for good").click()

    expect(page.locator("h1")).to_contain_text("erased the personal data of learner/")
    check_appearance()
    assert str(Learner.objects.get()) == "an erased person"
    page.goto("/people/")
    expect(page.locator("tbody tr")).to_contain_text("an erased person")


def test_administrator_sets_the_retention_of_the_log(page: Page, check_appearance: Any) -> None:
    make_account(name="Acme Learning")
    sign_in(page, "admin")
    page.goto("/settings/privacy/")
    years = page.get_by_label("No account · sign-ins, settings and the log itself")
    years.fill("36")
    page.get_by_role("button", name="Save for No account").click()

    expect(years).to_have_value("36")
    expect(page.get_by_label("Acme Learning", exact=True)).to_have_value("")
    check_appearance_at_two_widths(page, check_appearance)


def check_appearance_at_two_widths(page: Page, check_appearance: Any) -> None:
    """Check the page at the widths of a phone and of a desktop."""
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        check_appearance()
