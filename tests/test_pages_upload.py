"""Pages for uploading a file: upload, confirm the columns, download invalid rows, remove."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from assignments import tasks
from assignments.models import Draft, DraftFile, DraftLearner, DraftRow, DraftUpload
from assignments.services.picking.uploads.reader import open_table
from tests.factories import AT, make_account, make_content, make_learner, make_user
from tests.test_pages_assign import words
from tests.test_workbooks import book_of

pytestmark = pytest.mark.django_db
TEXT = "Mail;Course;Note\nada@x.example;CRS-A;=1+1\nnobody@x.example;CRS-A;-2\n"
COLUMNS = {"person": "0", "content": "1", "due": "none", "dates": ""}


@pytest.fixture
def draft(client):
    """Return the signed-in manager's own draft, in an account with one person and one item."""
    user = make_user("manager")
    client.force_login(user)
    account = make_account()
    make_learner(account, name="Ada", email="ada@x.example")
    make_content(account, title="Fire", external_reference="CRS-A")
    return Draft.objects.create(account=account, owner=user, created_at=AT, changed_at=AT)


def url(draft, name="assign-upload"):
    """Return the URL of a view of the draft."""
    return reverse(name, args=[draft.pk])


def upload(client, draft, text=TEXT):
    """Upload a file and return the page it redirects to."""
    file = SimpleUploadedFile("people.csv", text.encode())
    return client.post(url(draft), {"file": file, "by": "file"}, follow=True)


def test_the_detected_columns_are_shown(client, draft):
    response = upload(client, draft)

    text = words(response)
    assert response.redirect_chain == [(f"/assign/{draft.pk}/?by=file", 302)]
    assert "Mail: 1 person in 2 rows, such as ada@x.example" in text
    assert "ada@x.example CRS-A =1+1" in text
    assert '<option value="1" selected>Course</option>' in response.content.decode()


def test_a_column_of_managers_is_not_selected_and_one_has_to_be_chosen(client, draft):
    response = upload(client, draft, "Manager,Team\nada@x.example,North\n")

    assert '<option value="" selected>Choose a column</option>' in response.content.decode()
    assert "the people who get the assignments, not one with their managers." in words(response)

    answer = client.post(url(draft, "assign-upload-columns"), COLUMNS | {"person": ""})

    assert answer.status_code == 422
    assert "Choose the column with the people who get the assignments." in words(answer)
    assert not DraftRow.objects.exists()


def shown_version(response):
    """Return the version of the file that a page shows."""
    return response.content.decode().split('name="upload_seen"')[1].split('"')[1]


@pytest.mark.parametrize("is_used", [False, True])
@pytest.mark.parametrize(
    ("name", "choice"),
    [
        pytest.param("assign-upload-columns", COLUMNS, id="columns"),
        pytest.param("assign-upload-sheet", {"sheet": "B"}, id="sheet"),
        pytest.param("assign-upload-suggestion", {"use": "2:1"}, id="suggestion"),
    ],
)
def test_a_page_that_shows_another_file_changes_nothing(client, draft, name, choice, is_used):
    seen = shown_version(upload(client, draft))
    upload(client, draft, "Manager,Course\nada@x.example,CRS-A\n")
    if is_used:
        client.post(url(draft, "assign-upload-columns"), COLUMNS)
    before = list(DraftRow.objects.values()), DraftUpload.objects.get().heading

    response = client.post(url(draft, name), choice | {"upload_seen": seen, "by": "file"})

    assert response.status_code == 422
    assert "Another file was uploaded to this draft meanwhile" in words(response)
    assert (list(DraftRow.objects.values()), DraftUpload.objects.get().heading) == before


def test_the_columns_of_the_file_that_the_page_shows_are_used(client, draft):
    seen = shown_version(upload(client, draft))

    client.post(url(draft, "assign-upload-columns"), COLUMNS | {"upload_seen": seen})

    assert DraftRow.objects.count() == 1


def test_a_file_that_is_gone_is_said(client, draft):
    response = client.post(url(draft, "assign-upload-columns"), COLUMNS | {"by": "file"})

    assert response.status_code == 422
    assert "The file is not stored any more, and nothing was changed now." in words(response)
    assert client.get(url(draft, "assign-upload-refused")).status_code == 404


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5_000, "-3", "²"])
def test_a_row_number_that_was_changed_is_that_of_the_row(number):
    text = f"Row in the file,Reason,Mail\n{number},x,a@x.example\n"

    table = open_table(0, io.BytesIO(text.encode()))

    assert list(table.rows) == [(2, ["a@x.example"])]


DATES = (
    "Mail,Course,Due date\nada@x.example,CRS-A,01/02/2027\nbea@x.example,CRS-A,13/02/2027\n"
    "cyd@x.example,CRS-A,02/14/2027\ndot@x.example,CRS-A,04/03/2027\n"
)
CHOSEN = COLUMNS | {"due": "2", "by": "file"}


def due_dates(client, draft, **columns):
    """Confirm the columns and return the page and the due dates by the name of the person."""
    page = client.post(url(draft, "assign-upload-columns"), CHOSEN | columns, follow=True)
    rows = DraftRow.objects.order_by("learner__name")
    return page, {
        name: f"{due:%d %b}" for name, due in rows.values_list("learner__name", "due_date")
    }


@pytest.fixture
def people(draft):
    """Add people to the account of the draft."""
    for name in ("Bea", "Cyd", "Dot"):
        make_learner(draft.account, name=name, email=f"{name.lower()}@x.example")


def test_a_column_of_dates_that_contradicts_itself_is_asked_about(client, draft, people):
    sentence = "“Due date” contradicts itself: 13/02/2027 in row 3 has the day first, 02/14/2027"

    page = upload(client, draft, DATES)
    assert sentence in words(page)
    assert '<option value="" selected>Choose an order</option>' in page.content.decode()
    page, days = due_dates(client, draft)
    assert (page.status_code, days) == (422, {})
    assert f"{sentence} in row 4 has the month first. Choose how its days are" in words(page)
    assert '<option value="2" selected>Due date</option>' in page.content.decode()

    page, days = due_dates(client, draft, dates="month-first")
    assert days == {"Ada": "02 Jan", "Cyd": "14 Feb", "Dot": "03 Apr"}
    assert "“13/02/2027” is no date with the month first." in words(page)


def test_the_other_column_of_dates_is_judged_by_itself(client, draft, people):
    rows = [line.split(",") for line in DATES.splitlines()]
    text = "\n".join(
        ",".join([*row[:2], "Deadline" if n == 0 else "", row[2]]) for n, row in enumerate(rows)
    )

    upload(client, draft, text)

    assert due_dates(client, draft, due="3")[0].status_code == 422
    assert due_dates(client, draft, due="3", dates="day-first")[0].status_code == 200


@pytest.mark.parametrize(("habit", "day"), [("day-first", "04 Mar"), ("month-first", "03 Apr")])
def test_the_habit_of_the_organisation_decides_about_dates_without_evidence(
    client, draft, habit, day, settings
):
    settings.DATE_ORDER = habit
    sentence = f"04/03/2027 in row 2. It is read as your organisation writes dates: the {habit[:3]}"

    page = upload(client, draft, "Mail,Course,Due date\nada@x.example,CRS-A,04/03/2027\n")
    assert sentence in words(page)
    page, days = due_dates(client, draft)

    assert days == {"Ada": day}
    assert sentence in words(page)


def test_the_order_of_dates_is_judged_by_all_rows(client, draft):
    rows = "ada@x.example,CRS-A,04/03/2027\n" * 1_500 + "ada@x.example,CRS-A,02/14/2027\n"

    upload(client, draft, f"Mail,Course,Due date\n{rows}")

    assert due_dates(client, draft)[1] == {"Ada": "03 Apr"}


def test_a_due_date_far_away_is_refused_with_the_sentence_of_the_form(client, draft, settings):
    settings.TIME_ZONE = "America/New_York"
    rows = "".join(f"ada@x.example,CRS-A,{day}\n" for day in ("9999-12-31", "31.12.2100"))

    upload(client, draft, f"Mail,Course,Due date\n{rows}")
    page, days = due_dates(client, draft)

    assert days == {}
    for day in ("31 December 9999", "31 December 2100"):
        assert f"{day} is too far away. Choose a year before 2100." in words(page)
        terms = {"due_date": day, "status": "pending"}
        response = client.post(url(draft, "assign-terms"), terms)
        assert response.status_code == 422
        assert f"{day} is too far away. Choose a year before 2100." in words(response)


def test_due_dates_at_weekends_are_said_with_their_rows(client, draft, people):
    text = DATES.replace("13/02/2027", "next friday").replace("02/14/2027", "27. März 2027")

    upload(client, draft, text)
    page, days = due_dates(client, draft)

    assert days["Cyd"] == "27 Mar"
    assert "1 row is due at a weekend: Saturday 27 March 2027 (row 4)." in words(page)


def test_columns_are_remembered_for_the_next_file_with_the_same_heading(client, draft, people):
    text = (
        "Starter,Contact,Course\nada@x.example,bea@x.example,CRS-A\nbea@x.example,ada@x.example,\n"
    )
    question = "Starter and Contact name different people."
    assert question in words(upload(client, draft, text))
    client.post(url(draft, "assign-upload-columns"), COLUMNS | {"person": "1", "content": "none"})
    repaired = (
        client.get(url(draft, "assign-upload-refused")).content.decode()
        + "cyd@x.example,dot@x.example,\n"
    )

    for again in (text, text.upper(), repaired):
        page = upload(client, draft, again)

        assert question not in words(page)
        assert "The columns are selected that you chose before" in words(page)
        selected = page.context["page"].columns
        assert [selected[name].initial for name in ("person", "content")] == [1, None]
    assert question in words(upload(client, draft, text.replace("Course", "Item")))


def test_the_preview_begins_with_the_columns_that_matter(client, draft):
    names = [f"Field {number}" for number in range(25)]
    cells = ["-"] * 25
    names[24], names[20], names[22] = "Mail", "Course", "Due"
    cells[24], cells[20], cells[22] = "ada@x.example", "CRS-A", "2027-01-15"

    page = upload(client, draft, f"{','.join(names)}\n{','.join(cells)}\n")

    text = words(page)
    assert "Mail Course Due Field 0 Field 1" in text
    assert "ada@x.example CRS-A 2027-01-15 - -" in text
    assert "17 more columns can be chosen below." in text


@pytest.mark.parametrize(
    ("text", "field", "sentence"),
    [
        (
            "Mail,Course,Next\nada@x.example,CRS-A,CRS-B\n",
            "content",
            "Course and Next name different items.",
        ),
        (
            "Mail,Course,Due,Deadline\nada@x.example,CRS-A,2027-01-15,2027-01-16\n",
            "due",
            "Due and Deadline have different dates.",
        ),
    ],
)
def test_several_columns_of_one_kind_are_asked_about(client, draft, text, field, sentence):
    make_content(draft.account, title="GDPR", external_reference="CRS-B")
    assert sentence in words(upload(client, draft, text))

    answer = client.post(url(draft, "assign-upload-columns"), COLUMNS | {field: ""})
    assert answer.status_code == 422
    assert "or that there is none." in words(answer)
    answer = client.post(url(draft, "assign-upload-columns"), COLUMNS | {field: "none"})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("name", "stored_name"),
    [
        pytest.param("../../../etc/cron.d/people.csv", "people.csv", id="parent folders"),
        pytest.param("..\\..\\people.csv", "people.csv", id="parent folders on Windows"),
        pytest.param("/etc/passwd", "passwd", id="absolute path"),
        pytest.param("p" * 300 + ".csv", "p" * 200, id="longer than its column"),
        pytest.param("<u>x.csv", "<u>x.csv", id="markup"),
    ],
)
def test_the_name_of_a_file_is_never_a_path(client, draft, name, stored_name, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    raw = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{TEXT}\r\n'
    by = '--b\r\nContent-Disposition: form-data; name="by"\r\n\r\nfile\r\n--b--\r\n'

    response = client.post(
        url(draft), raw + by, content_type="multipart/form-data; boundary=b", follow=True
    )

    assert DraftUpload.objects.get().name[: len(stored_name)] == stored_name
    assert len(DraftUpload.objects.get().name) <= 200
    assert "<u>" not in response.content.decode()
    assert list(tmp_path.iterdir()) == []


def test_confirmed_columns_add_the_rows_to_the_draft(client, draft):
    upload(client, draft)

    text = words(client.post(url(draft, "assign-upload-columns"), COLUMNS, follow=True))

    assert list(DraftRow.objects.values_list("learner__name", "content__title")) == [
        ("Ada", "Fire")
    ]
    assert "2 rows given, each counted in one of these. In the draft now: 1." in text
    assert "Ignored columns: Note." in text
    assert "3 nobody@x.example Nobody has this e-mail, employee ID or LMS ID." in text
    assert "File: 1 row of 1 item, beside the people selected here" in text


def test_invalid_rows_can_be_downloaded_and_uploaded_again(client, draft):
    upload(client, draft)
    client.post(url(draft, "assign-upload-columns"), COLUMNS)

    response = client.get(url(draft, "assign-upload-refused"))

    text = response.content.decode()
    assert response["Content-Disposition"] == 'attachment; filename="to-fix.csv"'
    assert text.splitlines() == [
        "\ufeffRow in the file,Reason,Mail,Course,Note",
        '3,"Nobody has this e-mail, employee ID or LMS ID.",nobody@x.example,CRS-A,\'-2',
    ]
    page = words(upload(client, draft, text.replace("nobody", "ada")))
    assert "ada@x.example CRS-A -2" in page


def test_the_file_to_repair_holds_every_cell_and_keeps_row_numbers(client, draft):
    text = "Name;Mail\nX;nobody@x.example\nLovelace;Ada;ada@x.example\n"
    upload(client, draft, text)
    client.post(url(draft, "assign-upload-columns"), COLUMNS | {"person": "1", "content": "none"})

    first = client.get(url(draft, "assign-upload-refused")).content.decode()
    upload(client, draft, first)
    client.post(url(draft, "assign-upload-columns"), COLUMNS | {"person": "1", "content": "none"})
    second = client.get(url(draft, "assign-upload-refused")).content.decode()

    assert first == second
    rows = list(csv.reader(first.splitlines()[1:]))
    assert [(row[0], *row[2:]) for row in rows] == [
        ("2", "X", "nobody@x.example"),
        ("3", "Lovelace", "Ada", "ada@x.example"),
    ]


def test_the_file_to_repair_of_a_workbook_is_a_workbook(client, draft):
    book = book_of({"A": [["Mail", "Id"], ["nobody@x.example", "000101"], ["x@y", "=1+1"]]})
    client.post(url(draft), {"file": SimpleUploadedFile("p.xlsx", book), "by": "file"})
    client.post(url(draft, "assign-upload-columns"), COLUMNS | {"content": "none"})

    response = client.get(url(draft, "assign-upload-refused"))

    assert response["Content-Disposition"] == 'attachment; filename="to-fix.xlsx"'
    table = open_table(draft.account_id, io.BytesIO(response.content))
    assert (table.heading, table.is_repaired) == (["Mail", "Id"], True)
    assert list(table.rows) == [(2, ["nobody@x.example", "000101"]), (3, ["x@y", "0"])]


def test_a_file_of_people_adds_to_the_selection(client, draft):
    upload(client, draft, "Mail\nada@x.example\n")

    text = words(
        client.post(url(draft, "assign-upload-columns"), COLUMNS | {"content": ""}, follow=True)
    )

    assert "Found 1 from this file, 0 picked before" in text
    assert DraftLearner.objects.count() == 1
    assert "File:" not in text


def test_a_file_that_was_used_before_can_be_replaced_with_one_click(client, draft, people):
    DraftLearner.objects.create(draft=draft, learner=draft.account.learners.get(name="Dot"))
    replace = "Take out 2 rows of people.csv first"
    confirm = COLUMNS | {"content": "none"}
    assert "Add this file, or replace" not in words(upload(client, draft, "Mail\nada@x.example\n"))

    upload(client, draft, "Mail\nada@x.example\nbea@x.example\n")
    text = words(client.post(url(draft, "assign-upload-columns"), confirm, follow=True))
    assert "Found 2 from this file, 1 picked before" in text
    assert "In the draft now: 3." in text
    assert "people.csv: 2 rows" in text

    page = upload(client, draft, "Mail\ncyd@x.example\ndot@x.example\n")
    file = DraftFile.objects.get()
    assert f'<option value="{file.pk}" selected>{replace}</option>' in page.content.decode()
    client.post(url(draft, "assign-upload-columns"), confirm | {"replaces": file.pk})

    assert selected(draft) == ["Cyd", "Dot"]
    text = words(
        client.post(url(draft, "assign-upload-remove"), {"used": DraftFile.objects.get().pk})
    )
    assert selected(draft) == ["Dot"]


def selected(draft):
    """Return the names of the selected people."""
    return sorted(DraftLearner.objects.filter(draft=draft).values_list("learner__name", flat=True))


def test_the_file_of_refused_rows_is_added_to_the_file_that_they_came_from(client, draft):
    upload(client, draft)
    client.post(url(draft, "assign-upload-columns"), COLUMNS)
    text = client.get(url(draft, "assign-upload-refused")).content.decode()

    page = upload(client, draft, text).content.decode()

    assert '<option value="" selected>Add it to what is there</option>' in page
    assert "Take out 1 row of people.csv first" in page


@pytest.mark.parametrize("replaces", ["999999", "x", "-1"])
def test_a_file_that_was_not_used_cannot_be_replaced(client, draft, replaces):
    upload(client, draft)

    answer = client.post(url(draft, "assign-upload-columns"), COLUMNS | {"replaces": replaces})

    assert answer.status_code == 422
    assert "This file is not in the draft any more." in words(answer)


def test_rows_of_files_can_be_removed(client, draft):
    upload(client, draft)
    client.post(url(draft, "assign-upload-columns"), COLUMNS)

    text = words(client.post(url(draft, "assign-upload-remove"), follow=True))

    assert "File:" not in text
    assert (DraftRow.objects.count(), DraftUpload.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        pytest.param({}, "Choose a file first.", id="nothing"),
        pytest.param({"file": b""}, "This file is empty.", id="empty"),
        pytest.param({"file": b"\x89PNG"}, "This is a picture", id="a picture"),
        pytest.param(
            {"file": b"x" * 23_000_000}, "Upload at most 20 MB.", id="too large to receive"
        ),
        pytest.param({"file": b"x" * 21_500_000}, "Upload at most 20 MB.", id="too large to read"),
    ],
)
def test_a_refused_file_gets_422(client, draft, contents, sentence):
    files = {name: SimpleUploadedFile("p.csv", content) for name, content in contents.items()}

    response = client.post(url(draft), {**files, "by": "file"})

    assert response.status_code == 422
    assert sentence in words(response)
    assert not DraftUpload.objects.exists()


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        pytest.param({"person": "9"}, "Choose columns that the file has.", id="beyond"),
        pytest.param({"content": "0"}, "Choose a different column for each", id="twice"),
    ],
)
def test_invalid_columns_get_422(client, draft, columns, sentence):
    upload(client, draft)

    response = client.post(url(draft, "assign-upload-columns"), COLUMNS | {"by": "file"} | columns)

    assert response.status_code == 422
    assert sentence in words(response)


def test_the_scheduled_task_deletes_expired_files(client, draft):
    upload(client, draft)
    DraftUpload.objects.update(uploaded_at=AT)

    tasks.delete_expired_uploads()

    assert not DraftUpload.objects.exists()


@pytest.mark.parametrize("name", ["upload", "upload-columns", "upload-remove", "upload-refused"])
def test_only_the_owner_has_access(client, draft, name):
    request = client.get if name == "upload-refused" else client.post
    client.force_login(make_user("manager"))
    assert request(url(draft, f"assign-{name}")).status_code == 404
    client.force_login(make_user("auditor"))
    assert request(url(draft, f"assign-{name}")).status_code == 403


TERMS = "Mail;Course;Done;Extra\n"


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        pytest.param(
            "ada@x.example;CRS-A;120;\n",
            "Enter the progress as a number from 0 to 100, such as 40 or 62.5.",
            id="progress above 100",
        ),
        pytest.param(
            "ada@x.example;CRS-A;;[1]\n",
            "Write the passthrough as a JSON object, such as",
            id="a list as passthrough",
        ),
        pytest.param(
            "ada@x.example;CRS-A;40;\nada@x.example;CRS-A;60;\n",
            "Row 2 has the same person and item, otherwise filled.",
            id="the same person twice, with other values",
        ),
    ],
)
def test_a_row_with_a_term_that_cannot_be_sent_is_refused(client, draft, rows, sentence):
    upload(client, draft, TERMS + rows)

    columns = COLUMNS | {"progress": "2", "passthrough": "3"}
    page = client.post(url(draft, "assign-upload-columns"), columns, follow=True)

    assert sentence in words(page)


def test_columns_of_terms_are_remembered_and_rows_without_values_have_none(client, draft):
    text = TERMS + "ada@x.example;CRS-A;;\n"
    upload(client, draft, text)
    client.post(url(draft, "assign-upload-columns"), COLUMNS | {"progress": "2"})

    assert DraftRow.objects.get().own_terms == ""
    page = upload(client, draft, text).content.decode()
    assert '<option value="2" selected>Done</option>' in page


def test_a_column_is_chosen_for_one_purpose_only(client, draft):
    upload(client, draft, TERMS + "ada@x.example;CRS-A;40;\n")

    columns = COLUMNS | {"progress": "2", "passthrough": "2"}
    page = client.post(url(draft, "assign-upload-columns"), columns, follow=True)

    assert "Choose a different column for each" in words(page)
