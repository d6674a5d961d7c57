"""Upload of a file of 2,000 rows with 40 invalid ones, corrected and assigned, by mouse."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from assignments.models import Batch, DraftLearner, Learner
from tests.browser.conftest import sign_in
from tests.factories import make_account, make_content

pytestmark = pytest.mark.browser
ROWS = 2_000
BAD = 40


def address(number: int) -> str:
    """Return the e-mail of a person."""
    return f"person{number}@example.com"


@pytest.fixture
def people(page: Page, tmp_path: Path) -> Path:
    """Return HR's file; every fiftieth address in it is misspelt."""
    account = make_account()
    make_content(account=account, title="GDPR Essentials 2027")
    Learner.objects.bulk_create(
        Learner(
            account=account,
            remote_id=f"L{number}",
            name=f"Person {number:04}",
            email=address(number),
            is_active=True,
            search_text=f"person {number:04} {address(number)}",
            last_seen_sync=1,
        )
        for number in range(ROWS)
    )
    wrong = ROWS // BAD
    lines = (
        address(number) if number % wrong else address(number).replace("@", ".at.")
        for number in range(ROWS)
    )
    file = tmp_path / "people.csv"
    file.write_text("E-mail\n" + "\n".join(lines) + "\n")
    return file


def corrected(file: Path) -> Path:
    """Return the downloaded rows as corrected in a spreadsheet."""
    with file.open(newline="", encoding="utf-8-sig") as opened:
        rows = list(csv.reader(opened))
    path = file.with_name("corrected.csv")
    with path.open("w", newline="") as opened:
        csv.writer(opened).writerows(
            [rows[0], *([cell.replace(".at.", "@") for cell in row] for row in rows[1:])]
        )
    return path


def upload(page: Page, file: Path) -> None:
    """Upload a file and accept the suggested columns."""
    page.get_by_label(re.compile(r"^(File \(|Upload another)")).set_input_files(file)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("button", name="Use these columns").click()


def create(page: Page) -> None:
    """Review and create everything, and check the batch."""
    page.locator("aside").get_by_role("button", name="Review").click()
    page.get_by_role("button", name=re.compile("Create 2,000 assignments")).click()
    expect(page.get_by_role("button", name="Undo, back to draft")).to_be_visible()
    assert Batch.objects.get(state="waiting").people == ROWS
    # The page polls every two seconds; it must not be closed during a request.
    page.wait_for_load_state("networkidle")


@pytest.fixture
def draft(page: Page) -> Page:
    """Return the page of a draft with an item."""
    sign_in(page, "manager")
    page.get_by_role("button", name="New assignment").first.click()
    page.get_by_label("Find a course, video or document").fill("gdpr")
    page.locator("#options").get_by_role("option").first.click()
    expect(page.locator("#what .picked-item")).to_have_count(1)
    return page


def test_invalid_rows_are_corrected_and_uploaded_again(people, draft, tmp_path, check_appearance):
    page = draft
    page.get_by_role("link", name="Upload a file").click()
    upload(page, people)
    refused = page.locator("#refused")
    expect(refused.locator("tbody tr")).to_have_count(BAD)
    # The row number in the file, counting the heading.
    expect(refused.locator("tbody tr").nth(1)).to_contain_text("52 person50.at.example.com")
    check_appearance()
    with page.expect_download() as downloading:
        refused.get_by_role("link", name="Download them to correct").click()
    downloading.value.save_as(tmp_path / "to-fix.csv")
    assert DraftLearner.objects.count() == ROWS - BAD

    upload(page, corrected(tmp_path / "to-fix.csv"))
    expect(page.locator("#upload-part")).to_contain_text("40 rows given")
    expect(refused).to_have_count(0)
    create(page)


@pytest.mark.usefixtures("people")
def test_paste_result_is_accessible(draft, check_appearance):
    page = draft
    page.get_by_role("link", name="Paste a list").click()
    page.locator("#f-list").fill(f"{address(1)}\n{address(2)}\n{address(2)}\nperson3@exampel.com")
    page.get_by_role("button", name="Match").click()

    expect(page.locator("#pasted")).to_contain_text("person3@exampel.com")
    check_appearance()
