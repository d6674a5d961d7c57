"""A file means the same on the page and on the command line: its rows, requests and refusals."""

import csv
import html
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from assignments.models import Batch, Content, Draft, Learner
from assignments.services.planning.request import json_body, new_assignment
from tests.live import Desk

HEADING = ["Work e-mail", "Course", "Due date"]
MORE = {
    "progress": ["62,5 %", "0", ""],
    "assigned_at": ["2026-11-02 09:30", "", "2026-11-03 10:00"],
    "external_reference": ["HR-1", " HR  2 ", ""],
    "source_status": ["ENROLLED", "", "ON LEAVE"],
    "passthrough": ['{"cohort": "A", "seats": 2}', "{}", ""],
}
REFUSED = {
    "progress": "101",
    "assigned_at": "soon",
    "external_reference": "x" * 201,
    "source_status": "a\x1bb",
    "passthrough": "[1]",
}


@pytest.fixture
def people(desk: Desk) -> list[list[str]]:
    """Return a row for each of three people: e-mail, reference of an item, due date."""
    addresses = Learner.objects.filter(is_active=True, remote_assignments=None).exclude(email="")
    item = Content.objects.filter(is_active=True).exclude(external_reference="").earliest("pk")
    rows = zip(addresses.order_by("pk")[:3], ["2027-02-03", "15. März 2027", ""], strict=True)
    return [[learner.email, item.external_reference, day] for learner, day in rows]


def by_page(client: Any, desk: Desk, text: str, more: list[str]) -> tuple[Batch | None, str]:
    """Use the file on the page; return the plan, or the page that lists refused rows."""
    now = desk.clock()
    draft = Draft.objects.create(
        account=desk.account, owner=desk.owner, created_at=now, changed_at=now
    )
    client.force_login(desk.owner)
    file = SimpleUploadedFile("people.csv", text.encode())
    client.post(reverse("assign-upload", args=[draft.pk]), {"file": file, "by": "file"})
    columns = {name: str(number) for number, name in enumerate(more, 3)}
    chosen = {"person": "0", "content": "1", "due": "2", "dates": "", **columns}
    client.post(reverse("assign-upload-columns", args=[draft.pk]), chosen)
    page = client.get(f"{reverse('assign', args=[draft.pk])}?by=file").content.decode()
    client.post(reverse("assign", args=[draft.pk]), {"status": "in_progress"})
    plan = Batch.objects.filter(submission_key=draft.pk).first()
    return plan, html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def by_command(desk: Desk, path: Path, more: list[str], **streams: Any) -> Batch:
    """Use the file on the command line; return the plan."""
    options = [word for name in more for word in ("--more-column", f"{name}={name.upper()}")]
    words = ("--due", "none", "--status", "in_progress", "--yes", "--json", *options)
    call_command("assign", "--as", desk.owner.email, "--learners", str(path), *words, **streams)
    return Batch.objects.latest("pk")


def written(path: Path, rows: list[list[str]], more: list[str]) -> str:
    """Write a file with these rows and return its text."""
    text = StringIO()
    csv.writer(text).writerows([[*HEADING, *map(str.upper, more)], *rows])
    path.write_text(text.getvalue(), newline="")
    return text.getvalue()


def test_a_file_of_due_dates_gives_the_same_plan(desk, client, people, tmp_path):
    text = written(tmp_path / "people.csv", people, [])

    plan, _ = by_page(client, desk, text, [])
    assert plan is not None
    made = by_command(desk, tmp_path / "people.csv", [], stdout=StringIO(), stderr=StringIO())

    assert plan.plan_digest == made.plan_digest
    assert made.rows == 3


def test_a_file_with_more_columns_gives_the_same_requests(desk, client, people, tmp_path):
    """The digests differ: each has salts of its own for the text that may be erased."""
    cells = list(zip(*MORE.values(), strict=True))
    rows = [[*row, *cells[number]] for number, row in enumerate(people)]
    text = written(tmp_path / "people.csv", rows, list(MORE))

    plan, _ = by_page(client, desk, text, list(MORE))
    assert plan is not None
    page_bodies = bodies(plan)
    streams = {"stdout": StringIO(), "stderr": StringIO()}
    made = by_command(desk, tmp_path / "people.csv", list(MORE), **streams)

    assert page_bodies == bodies(made)
    passthrough = {body.get("progress"): body.get("passthrough") for body in page_bodies}
    assert passthrough == {62.5: {"cohort": "A", "seats": 2}, 0: None, None: None}


@pytest.mark.parametrize("name", REFUSED)
def test_a_cell_that_cannot_be_sent_is_refused_alike(desk, client, people, tmp_path, name):
    rows = [[*people[0], MORE[name][0]], [*people[1], REFUSED[name]]]
    text = written(tmp_path / "people.csv", rows, [name])

    _, page = by_page(client, desk, text, [name])
    with pytest.raises(CommandError) as refusal:
        by_command(desk, tmp_path / "people.csv", [name], stdout=StringIO(), stderr=StringIO())

    named = f"row 3, {people[1][0]}: "
    sentence = str(refusal.value).partition(named)[2].partition("\n")[0]
    assert sentence
    assert sentence in page


def test_a_column_that_is_not_read_is_said(desk, people, tmp_path):
    rows = [[*row, "40", "HR"] for row in people]
    written(tmp_path / "people.csv", rows, ["progress", "cost centre"])
    err = StringIO()

    by_command(desk, tmp_path / "people.csv", [], stdout=StringIO(), stderr=err)

    assert err.getvalue() == (
        "The column “PROGRESS” was not read. Add --more-column 'progress=PROGRESS'.\n"
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["status=STATUS"],
            "'status=STATUS': write each field once as FIELD=COLUMN, with",
        ),
        (["progress"], "'progress': write each field once"),
        (["progress=A", "progress=B"], "'progress=B': write each field once"),
        (["progress=NOWHERE"], "It has no column “NOWHERE”; it has Work e-mail, Course"),
        (["progress=Course"], "Choose a different column for each"),
    ],
)
def test_options_of_columns_are_refused_with_what_to_write(
    desk, people, tmp_path, options, sentence
):
    path = tmp_path / "people.csv"
    written(path, people, [])
    words = [word for option in options for word in ("--more-column", option)]
    people_of = ("--as", desk.owner.email, "--learners", str(path))

    with pytest.raises(CommandError, match=re.escape(sentence)):
        call_command("assign", *people_of, "--due", "none", "--status", "pending", *words, "--yes")

    assert not Batch.objects.exists()


@pytest.mark.parametrize("people_of", [("--all",), ("--learners", "people.csv")])
def test_columns_of_rows_need_a_file_with_items(desk, people_of):
    words = ("--content", "CRS-1", "--due", "none", "--status", "pending")

    with pytest.raises(CommandError, match="--more-column is about"):
        call_command(
            *("assign", "--as", desk.owner.email, *people_of, *words),
            *("--more-column", "progress=Progress"),
        )


def bodies(batch: Batch) -> list[dict[str, Any]]:
    """Return the requests of a batch in the order of its rows."""
    return [json_body(new_assignment(row)) for row in batch.assignments.order_by("position")]
