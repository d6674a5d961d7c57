"""HR's export of 400 rows and 25 columns: used without help, repaired, and used again."""

import csv
import re
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from assignments.models import Batch, DraftLearner, Learner
from tests.browser.conftest import sign_in
from tests.factories import make_account, make_content, make_learner

pytestmark = pytest.mark.browser
RIGHT, TYPOS, LEAVERS, DOUBLES, MANAGERS = 378, 8, 5, 8, 6
# Beside the e-mails of the people; the LMS knows somebody by the ID 40.
OTHER_CELLS: Final = {
    "Manager": "Grace Lane",
    "Weekly hours": "40",
    "Private e-mail": "",
    "Job title": "Clerk",
    "Grade": "3",
    "Hire date": "2020-01-01",
    "Contract until": "2031-12-31",
    "Legal entity": "Northwind Ltd.",
    "Department": "Retail",
    "Cost centre": "4711",
    "Location": "Leeds",
    "Building": "B",
    "Floor": "2",
    "Country": "GB",
    "Language": "en",
    "Contract type": "permanent",
    "Full-time share": "1.0",
    "Phone": "+44 113 496 0000",
    "Shift": "early",
    "Union": "no",
    "Notes": "first; second",
}  # fmt: skip
COLUMNS: Final = ("Employee", *OTHER_CELLS, "Manager e-mail", "Work e-mail", "Payroll number")


def email(number: int) -> str:
    """Return the e-mail of an employee."""
    return f"person{number}@northwind.example"


def cells(number: int, address: str) -> list[str]:
    """Return the row of an employee with the address as HR has it."""
    row = OTHER_CELLS | {
        "Employee": f"Person {number:03}",
        "Manager e-mail": f"manager{number % MANAGERS}@northwind.example",
        "Work e-mail": address,
        "Payroll number": f"9{number:05}",
    }
    return [row[column] for column in COLUMNS]


@pytest.fixture
def export(page: Page, tmp_path: Path) -> Path:
    """Return the export: right rows, typing errors, leavers, doubles, blank rows and a total."""
    account = make_account()
    make_content(account=account, title="GDPR Essentials 2027")
    make_learner(account=account, remote_id="40", email="forty@northwind.example")
    people = [*map(email, range(RIGHT + TYPOS + LEAVERS))]
    people += [f"manager{number}@northwind.example" for number in range(MANAGERS)]
    Learner.objects.bulk_create(
        Learner(
            account=account,
            remote_id=f"L{number}",
            name=f"Person {number:03}",
            email=address,
            is_active=not RIGHT + TYPOS <= number < RIGHT + TYPOS + LEAVERS,
            search_text=f"person {number:03} {address}",
            last_seen_sync=1,
        )
        for number, address in enumerate(people)
    )
    rows = [cells(number, email(number)) for number in range(RIGHT)]
    typos = range(RIGHT, RIGHT + TYPOS)
    rows[40:40] = [cells(number, email(number).replace("@", ".at.")) for number in typos]
    rows[200:200] = [
        cells(number, email(number)) for number in range(typos.stop, len(people) - MANAGERS)
    ]
    rows[300:300] = [cells(number, email(number).upper()) for number in range(DOUBLES)]
    rows[100:100] = [[""] * len(COLUMNS)] * 3
    rows.append(["Total", *[""] * (len(COLUMNS) - 2), "400"])
    file = tmp_path / "staff.csv"
    with file.open("w", newline="", encoding="utf-8-sig") as opened:
        writer = csv.writer(opened, delimiter=";")
        writer.writerows([["Staff list"], ["Run on", "29/11/2026"], [], COLUMNS, *rows])
    return file


def start_draft(page: Page) -> None:
    """Sign in, start a draft with an item, and turn to the upload."""
    sign_in(page, "manager")
    page.get_by_role("button", name="New assignment").first.click()
    page.get_by_label("Find a course, video or document").fill("gdpr")
    page.locator("#options").get_by_role("option").first.click()
    expect(page.locator("#what .picked-item")).to_have_count(1)
    page.get_by_role("link", name="Upload a file").click()


def use_file(page: Page, file: Path) -> None:
    """Upload a file and confirm the columns as they are proposed."""
    page.get_by_label(re.compile(r"^(File \(|Upload another)")).set_input_files(file)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("button", name="Use these columns").click()


def expect_counts(page: Page, valid: int, twice: int, inactive: int, refused: int) -> None:
    """Wait until the page shows what became of the rows."""
    part = page.locator("#upload-part")
    expect(part).to_contain_text(f"{valid + twice + inactive + refused} rows given")
    for name, value in (
        ("Found", valid),
        ("Twice in the file", twice),
        ("Inactive", inactive),
        ("Refused", refused),
    ):
        tile = part.locator(".tile", has=page.get_by_role("heading", name=name, exact=True))
        expect(tile.locator(".value")).to_have_text(str(value))


def repaired(file: Path) -> Path:
    """Return the downloaded rows with the addresses repaired, and without the total."""
    with file.open(newline="", encoding="utf-8-sig") as opened:
        heading, *rows = csv.reader(opened)
    path = file.with_name("repaired.csv")
    with path.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(heading)
        writer.writerows([cell.replace(".at.", "@") for cell in row] for row in rows[:-1])
    return path


def selected() -> list[str]:
    """Return the e-mails of the people in the draft."""
    rows = DraftLearner.objects.order_by("learner")
    return list(rows.values_list("learner__email", flat=True))


def test_an_export_selects_the_right_people_and_its_repaired_rows_complete_them(
    export, page, tmp_path
):
    start_draft(page)

    use_file(page, export)

    expect_counts(page, valid=RIGHT, twice=DOUBLES, inactive=LEAVERS, refused=TYPOS + 1)
    right = list(map(email, range(RIGHT)))
    assert selected() == right
    page.locator("aside").get_by_role("button", name="Review").click()
    expect(page.locator("h1")).to_have_text(f"Check and create {RIGHT} assignments")
    planned = Batch.objects.get().assignments.order_by("learner")
    assert list(planned.values_list("learner__email", flat=True)) == right

    page.go_back()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download them to correct").click()
    downloading.value.save_as(tmp_path / "to-fix.csv")
    use_file(page, repaired(tmp_path / "to-fix.csv"))

    expect_counts(page, valid=TYPOS, twice=0, inactive=LEAVERS, refused=0)
    assert selected() == [*right, *map(email, range(RIGHT, RIGHT + TYPOS))]
