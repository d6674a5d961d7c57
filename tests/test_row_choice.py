"""Rows of a file that are left out: hidden, by a status, on other sheets; by page and command."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from assignments.models import Draft, DraftLearner, DraftUpload
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.row_choice import RowChoice, StatusValues
from tests.factories import AT, make_account, make_learner, make_user
from tests.file_import import import_people
from tests.test_pages_assign import words
from tests.test_workbooks import book_of

pytestmark = pytest.mark.django_db
COLUMNS = {"person": "0", "content": "none", "due": "none", "by": "file"}
STATUSES = ["Active", "Terminated", "Active", "terminated", "On leave", "Active"]
STAFF = [["E-mail", "Status"], *[[f"p{n}@x.example", status] for n, status in enumerate(STATUSES)]]
OTHERS = [["E-mail"], ["p6@x.example"]]


@pytest.fixture
def draft(client):
    """Return the signed-in manager's own draft, in an account of seven people."""
    user = make_user("manager")
    client.force_login(user)
    account = make_account()
    for number in range(7):
        make_learner(account, name=f"P{number}", email=f"p{number}@x.example")
    return Draft.objects.create(account=account, owner=user, created_at=AT, changed_at=AT)


def upload(client, draft, content, name="staff.xlsx"):
    """Upload a file and return the page that asks for its columns."""
    file = SimpleUploadedFile(name, content)
    url = reverse("assign-upload", args=[draft.pk])
    return client.post(url, {"file": file, "by": "file"}, follow=True)


def confirm(client, draft, **choices):
    """Confirm the columns of the file and return the page with the result."""
    url = reverse("assign-upload-columns", args=[draft.pk])
    return words(client.post(url, COLUMNS | choices, follow=True))


def selected():
    """Return the numbers of the selected people."""
    names = DraftLearner.objects.values_list("learner__name", flat=True)
    return sorted(int(name.removeprefix("P")) for name in names)


def test_hidden_rows_are_counted_and_left_out(client, draft):
    text = words(upload(client, draft, book_of({"A": STAFF}, hidden=[2, 3])))
    assert "2 rows are hidden in the sheet. What should happen to them?" in text

    text = confirm(client, draft)

    assert selected() == [0, 3, 4, 5]
    assert "Left out 2 hidden, or by your choice" in text
    assert "6 rows given, each counted in one of these." in text


def test_hidden_rows_can_be_used(client, draft):
    upload(client, draft, book_of({"A": STAFF}, hidden=[2, 3]))

    confirm(client, draft, hidden_rows="use")

    assert selected() == [0, 1, 2, 3, 4, 5]


def test_rows_can_be_left_out_by_their_status(client, draft):
    text = words(upload(client, draft, book_of({"A": STAFF})))
    assert "Leave out rows by “Status”" in text
    assert "Active 3 rows" in text

    text = confirm(client, draft, left_out=["1:Terminated", "1:On leave"])

    assert selected() == [0, 2, 5]
    assert "Left out 3 hidden, or by your choice" in text


def test_a_status_of_several_lines_is_left_out_as_browsers_send_it(client, draft):
    rows = [["E-mail", "Status"], ["p0@x.example", "Active"], ["p1@x.example", "Left\n(2026)"]]
    html = upload(client, draft, book_of({"A": rows})).content.decode()
    assert 'value="1:Left (2026)"' in html

    confirm(client, draft, left_out=["1:Left (2026)"])

    assert selected() == [0]


@pytest.mark.parametrize("choice", [{"left_out": "1:Retired"}, {"hidden_rows": "some"}])
def test_rows_that_cannot_be_left_out_are_asked_for_again(client, draft, choice):
    upload(client, draft, book_of({"A": STAFF}))

    text = confirm(client, draft, **choice)

    assert "Choose the rows to leave out again: the file has no such values." in text
    assert selected() == []


def test_a_row_is_used_although_a_hidden_one_has_its_number(client, draft):
    row = [2, "Not found", "p0@x.example"]
    rows = [["Row in the file", "Reason", "E-mail"], row, [*row[:2], "p1@x.example"]]
    upload(client, draft, book_of({"A": rows}, hidden=[1]))

    confirm(client, draft)

    assert selected() == [1]


def test_choices_are_kept_if_the_columns_are_refused(client, draft):
    upload(client, draft, book_of({"A": STAFF}, hidden=[1]))
    url = reverse("assign-upload-columns", args=[draft.pk])

    refused = {"person": "", "left_out": "1:Terminated", "hidden_rows": "use"}
    html = client.post(url, COLUMNS | refused).content.decode()

    assert '<option value="use" selected>' in html
    assert html.split('value="1:Terminated"')[1].split(">")[0].strip().endswith("checked")


def test_another_sheet_can_be_read(client, draft):
    book = book_of({"London": STAFF, "Leeds": OTHERS, "Empty": []})
    text = words(upload(client, draft, book))
    assert "Only the sheet “London” is read. Leeds has rows too:" in text
    confirm(client, draft)
    url = reverse("assign-upload-sheet", args=[draft.pk])

    text = words(client.post(url, {"sheet": "Leeds", "by": "file"}, follow=True))

    assert "Only the sheet “Leeds” is read. London has rows too:" in text
    confirm(client, draft)
    assert selected() == [0, 1, 2, 3, 4, 5, 6]


def test_an_unknown_sheet_is_refused(client, draft):
    upload(client, draft, book_of({"A": STAFF, "B": OTHERS}))

    response = client.post(
        reverse("assign-upload-sheet", args=[draft.pk]), {"sheet": "C", "by": "file"}
    )

    assert response.status_code == 422
    assert "It has no visible sheet “C”; it has A, B." in words(response)


def test_without_other_sheets_no_file_is_stored(client, draft):
    upload(client, draft, book_of({"A": STAFF}))

    assert bytes(DraftUpload.objects.get().workbook) == b""
    response = client.post(reverse("assign-upload-sheet", args=[draft.pk]), {"sheet": "A"})
    assert response["Location"] == f"/assign/{draft.pk}/?by=file"


def test_a_title_above_the_heading_is_pointed_out(client, draft):
    text = words(upload(client, draft, b"Staff\n\nE-mail,Team\np1@x.example,A\n", "staff.csv"))

    assert "Row 3 has the names of the columns. What is above it is left out." in text


@given(
    hidden=st.sets(st.integers(1, 6)),
    values=st.sets(st.sampled_from(["Active", "TERMINATED", "On leave", ""])),
    uses_hidden=st.booleans(),
)
def test_every_row_is_used_or_left_out_by_a_choice(hidden, values, uses_hidden):
    rows = [(number, row) for number, row in enumerate(STAFF[1:], 1)]
    choice = RowChoice(uses_hidden=uses_hidden, values=frozenset((1, value) for value in values))

    used = {number for number, _ in choice.used(rows, sorted(hidden))}

    lowered = {value.lower() for value in values}
    assert used == {
        number
        for number, (_, status) in rows
        if (uses_hidden or number not in hidden) and status.lower() not in lowered
    }


@pytest.mark.parametrize(
    ("heading", "values", "counts"),
    [
        pytest.param("Status", ["A", "B", "A", ""], {"A": 2, "B": 1, "": 1}, id="few values"),
        pytest.param("Terminated on", [*map(str, range(30)), ""], {"*": 30, "": 1}, id="days"),
        pytest.param("Status", ["A", "A"], None, id="all the same"),
        pytest.param("Name", ["A", "B"], None, id="another heading"),
        pytest.param("Active number", list(map(str, range(30))), None, id="many, never empty"),
        pytest.param("Austritt", ["x", ""], {"x": 1, "": 1}, id="German"),
    ],
)
def test_status_values_are_counted(heading, values, counts):
    status_values = StatusValues(["Mail", heading])
    rows = [(n, ["a@x", value]) for n, value in enumerate(values)]

    assert list(status_values.count(rows)) == rows
    assert status_values.counts() == ({"1": counts} if counts else {})


@pytest.mark.parametrize(
    ("options", "expected", "note"),
    [
        pytest.param({}, [0, 3, 4, 5], "2 hidden rows were left out. Add --hidden-rows", id="left"),
        pytest.param({"uses_hidden": True}, [0, 1, 2, 3, 4, 5], "Only the sheet “A”", id="used"),
        pytest.param({"sheet": "b"}, [6], "Only the sheet “B” was read; A has", id="sheet"),
        pytest.param({"left_out": ["status=Terminated"]}, [0, 4, 5], "2 hidden", id="status"),
        pytest.param({"left_out": ["Status=*"]}, [], "2 hidden", id="any value"),
    ],
)
def test_the_command_line_reads_the_same_rows(draft, options, expected, note):
    book = book_of({"A": STAFF, "B": OTHERS}, hidden=[2, 3])

    emails, notes = import_people(draft.account, book, column="E-mail", **options)

    assert emails == [f"p{number}@x.example" for number in expected]
    assert any(text.startswith(note) for text in notes)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("Status", "Write “Status” as COLUMN=VALUE, such as Status=", id="no value"),
        pytest.param("State=x", "It has no column “State”; it has E-mail, Status", id="no column"),
        pytest.param("e-mail=x", "It has 2 columns “e-mail”. Rename all but one", id="two"),
    ],
)
def test_a_value_of_no_column_is_refused(draft, text, sentence):
    rows = [[*row, row[0]] for row in STAFF] if text == "e-mail=x" else STAFF

    with pytest.raises(UploadRefused) as refusal:
        import_people(draft.account, book_of({"A": rows}), left_out=[text])

    assert sentence in str(refusal.value)


def test_a_value_that_no_row_has_is_said(draft):
    left_out = ["Status=Terminatd", "Status=On leave"]

    emails, notes = import_people(draft.account, book_of({"A": STAFF}), left_out=left_out)

    assert len(emails) == 5
    assert notes == ["No row was left out by “Status=Terminatd”, as none has this value."]


@pytest.mark.parametrize("text", ["p1@x.example,p2@x.example\np3@x.example,p4@x.example\n"])
def test_a_table_without_heading_is_no_list(draft, text):
    sentence = "Row 1 looks like data.* A list without a heading has one e-mail or ID on each line"
    with pytest.raises(UploadRefused, match=sentence):
        import_people(draft.account, text.encode())


def test_a_list_on_one_line_is_read(draft):
    text = b"p1@x.example, p2@x.example; Cid <p3@x.example>"

    assert len(import_people(draft.account, text)[0]) == 3


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--sheet", "A"),
        ("--column", "A"),
        ("--leave-out", "A"),
        ("--hidden-rows", "use"),
        ("--refused-rows", "leave"),
    ],
)
def test_options_of_a_file_need_a_file(option, value):
    words = ["--all", "--content", "C", "--due", "none", "--status", "pending", option, value]

    with pytest.raises(CommandError, match=f"{option} is about the file of --learners"):
        call_command("assign", "--as", "a@x.example", *words)
