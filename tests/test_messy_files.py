"""Files as HR sends them, each with its one right result: by the page and by the command line."""

import csv
from dataclasses import dataclass, field

import pytest
from django.urls import reverse

from assignments.models import Draft, DraftContent
from tests.factories import AT, make_account, make_content, make_learner, make_user
from tests.file_import import paste_on_page, use_on_command_line, use_on_page
from tests.test_pages_assign import words
from tests.test_workbooks import book_of

pytestmark = pytest.mark.django_db


def email(number: int) -> str:
    """Return the e-mail of an employee."""
    return f"e{number}@x.example"


def text(*rows: str) -> bytes:
    """Return a file of text with Windows line ends."""
    return "".join(f"{row}\r\n" for row in rows).encode()


@dataclass
class Case:
    """A file and its right result.

    :ivar people: the numbers of the employees in the plan, by page and by command line
    :ivar page: what the page says
    :ivar command: what the command says; its plan is made with `options`
    :ivar choices: what somebody chooses on the page, beside what is proposed
    """

    content: bytes
    people: list[int]
    page: str
    command: str = ""
    name: str = "people.csv"
    options: list[str] = field(default_factory=list)
    choices: dict[str, str] = field(default_factory=dict)


def with_managers(typos: tuple[int, ...]) -> bytes:
    """Return forty rows with the e-mails of employees, some mistyped, and of four managers."""
    emails = [email(n).replace("m", "", 1) if n in typos else email(n) for n in range(40)]
    rows = (f"E {n},{mail},M,m{n % 4}@x.example" for n, mail in enumerate(emails))
    return text("Employee,Work e-mail,Manager,Manager e-mail", *rows)


STAFF = [["E-mail", "Name"], *[[email(n), f"E {n}"] for n in range(40)]]
DATES = text(
    "E-mail,Course,Due date",
    *[
        f"{email(n)},CRS-A,{day}"
        for n, day in enumerate(["01/02/2027", "13/02/2027", "02/14/2027", "04/03/2027"])
    ],
)
SPILLED = text("Name,E-mail", f"E, Zero,{email(0)}", f"E, One,{email(1)}")
CASES = {
    "a column of managers": Case(
        with_managers((7, 19)),
        [n for n in range(40) if n not in {7, 19}],
        "Did you mean E 7? e7@x.example",
        "row 9, e7@x.exaple: Nobody has this e-mail, employee ID or LMS ID. Did you mean E 7",
        options=["--refused-rows", "leave"],
    ),
    "no heading": Case(
        text("E Zero,NW-10000", "E,NW-10001", "E Two,NW-10002"),
        [],
        "Row 1 looks like data, as “NW-10000”",
        "Row 1 looks like data, as “NW-10000”",
    ),
    "titles above the heading": Case(
        text(
            "Headcount report",
            "Run by: HR Ops,29/11/2026",
            "",
            "Name,Employee ID,E-mail",
            f"E,NW-10001,{email(1)}",
            f"E,NW-10002,{email(2)}",
        ),
        [1, 2],
        "Row 4 has the names of the columns. What is above it is left out.",
    ),
    "two sheets": Case(
        book_of({"London": STAFF[:4], "Leeds": [STAFF[0], *STAFF[4:7]]}),
        [0, 1, 2],
        "Only the sheet “London” is read. Leeds has rows too: Read “Leeds”",
        "Only the sheet “London” was read; Leeds has rows too. Name another with --sheet.",
        name="people.xlsx",
    ),
    "filtered rows": Case(
        book_of({"Staff": STAFF}, hidden=[n for n in range(1, 41) if n % 8]),
        [7, 15, 23, 31, 39],
        "35 rows are hidden in the sheet. What should happen to them?",
        "35 hidden rows were left out. Add --hidden-rows use to use them.",
        name="people.xlsx",
    ),
    "another table below": Case(
        text(
            "E-mail,Name",
            f"{email(1)},E",
            f"{email(2)},E",
            "",
            "Manager e-mail,E-mail",
            f"m0@x.example,{email(3)}",
            f"m1@x.example,{email(4)}",
        ),
        [1, 2],
        "7 m1@x.example Row 5 begins another table, with columns of its own. Put that table into a "
        "file or a sheet of its own.",
        "row 6, m0@x.example: Row 5 begins another table, with columns of its own.",
        options=["--refused-rows", "leave"],
    ),
    "a heading on each printed page": Case(
        text("E-mail,Name", f"{email(1)},E", "E-mail,Name", f"{email(2)},E"),
        [1, 2],
        "3 E-mail It repeats the names of the columns.",
        "row 3, E-mail: It repeats the names of the columns.",
        options=["--refused-rows", "leave"],
    ),
    "words of a heading in a row": Case(
        text(
            "E-mail,Name,Type,Notes",
            f"{email(1)},E,Employee,",
            ",E,Employee,no e-mail yet",
            f"{email(2)},Name,Employee,E-mail to private address",
        ),
        [1, 2],
        "3 “E-mail” is empty.",
        "row 3, empty: “E-mail” is empty.",
        options=["--refused-rows", "leave"],
    ),
    "contradicting dates": Case(
        DATES,
        [],
        "“Due date” contradicts itself: 13/02/2027 in row 3 has the day first, 02/14/2027 in row 4",
        "“Due date” contradicts itself: 13/02/2027 in row 3 has the day first, 02/14/2027 in row 4",
        options=["items of the file"],
    ),
    "names with unquoted commas": Case(
        SPILLED,
        [],
        "It has 3 cells and the heading 2: probably a separator in a text without quotation marks.",
        "row 2, Zero: It has 3 cells and the heading 2: probably a separator in a text",
        options=["--column", "E-mail"],
        choices={"person": "1"},
    ),
    "names with unquoted commas, no column chosen": Case(
        SPILLED,
        [],
        "Choose the column with the people who get the assignments",
        "No column names anybody whom the LMS knows; it has Name, E-mail. Add --column",
    ),
    "marks of the writing direction": Case(
        f"\u2067({email(1)}\u2069)\r\n\u202a{email(2)}\u202c,\r\n".encode(),
        [1, 2],
        "",
        name="people.txt",
    ),
    "zeros that a spreadsheet dropped": Case(
        text("Employee ID", "101", "102", "000103", "104"),
        [103],
        "Did you mean E 101? 000101, the same number",
        "ID or LMS ID. Did you mean E 101 (000101, the same number)?",
        options=["--refused-rows", "leave"],
    ),
    "zeros that a spreadsheet dropped everywhere": Case(
        text("Employee ID", "101", "102", "104"),
        [],
        "Did you mean E 102? 000102, the same number",
        "ID or LMS ID. Did you mean E 102 (000102, the same number)?",
    ),
}


@pytest.fixture
def draft(client):
    """Return the signed-in manager's own draft of one item, in an account of employees."""
    user = make_user("manager", email="manager@x.example")
    client.force_login(user)
    account = make_account()
    for number in range(40):
        reference = f"NW-{10000 + number}"
        make_learner(account, name=f"E {number}", email=email(number), external_reference=reference)
    for number in range(101, 105):
        make_learner(
            account, name=f"E {number}", email=email(number), external_reference=f"{number:06}"
        )
    for number in range(4):
        make_learner(account, name=f"M {number}", email=f"m{number}@x.example")
    content = make_content(account, external_reference="CRS-A")
    draft = Draft.objects.create(account=account, owner=user, created_at=AT, changed_at=AT)
    DraftContent.objects.create(draft=draft, content=content)
    return draft


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_the_page_finds_the_right_people(client, draft, case):
    if case.name.endswith(".txt"):
        use = paste_on_page(client, draft, case.content.decode())
    else:
        use = use_on_page(client, draft, case.name, case.content, **case.choices)

    assert use.emails == sorted(map(email, case.people))
    assert case.page in use.text


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_the_command_finds_the_right_people(draft, tmp_path, case):
    path = tmp_path / case.name
    path.write_bytes(case.content)
    content = ["--content", "CRS-A"]
    options = [] if case.options == ["items of the file"] else [*content, *case.options]

    use = use_on_command_line(draft.owner.email, path, *options)

    assert use.emails == sorted(map(email, case.people))
    assert case.command in use.text
    assert bool(use.emails) == (Draft.objects.count() == 2)


def test_the_file_to_repair_of_a_file_with_titles_keeps_every_cell(client, draft):
    content = text("Report,2026", "Name,Team,E-mail", f"E,A,{email(1)}", "E,B,nobody@x.example,9")
    use_on_page(client, draft, "people.csv", content)

    refused = client.get(reverse("assign-upload-refused", args=[draft.pk])).content.decode()

    heading, *rows = csv.reader(refused.removeprefix("\ufeff").splitlines())
    assert heading == ["Row in the file", "Reason", "Name", "Team", "E-mail"]
    assert [[row[0], *row[2:]] for row in rows] == [["4", "E", "B", "nobody@x.example", "9"]]


def test_a_due_date_without_end_gets_a_sentence_west_of_greenwich(
    client, draft, settings, tmp_path
):
    settings.TIME_ZONE = "America/New_York"
    path = tmp_path / "one.csv"
    path.write_bytes(text("E-mail", email(1)))
    sentence = "31 December 9999 is too far away. Choose a year before 2100."

    terms = {"status": "pending", "due_date": "9999-12-31"}
    page = client.post(reverse("assign-terms", args=[draft.pk]), terms)
    use = use_on_command_line(draft.owner.email, path, "--content", "CRS-A", "--due", "9999-12-31")

    assert sentence in words(page)
    assert use.emails == []
    assert sentence in use.text
