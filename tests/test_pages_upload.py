"""Choosing people by a file: upload, confirm the columns, mend the rest, remove."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from assignments import tasks
from assignments.models import Draft, DraftLearner, DraftRow, DraftUpload
from tests.factories import AT, make_account, make_content, make_learner, make_user
from tests.test_pages_assign import words

pytestmark = pytest.mark.django_db
TEXT = "Mail;Course;Note\nada@x.example;CRS-A;=1+1\nnobody@x.example;CRS-A;-2\n"
COLUMNS = {"person": "0", "content": "1", "due": "", "day_first": "1"}


@pytest.fixture
def draft(client):
    """Return the signed-in manager's own draft, beside a person and an item."""
    user = make_user("manager")
    client.force_login(user)
    account = make_account()
    make_learner(account, name="Ada", email="ada@x.example")
    make_content(account, title="Fire", external_reference="CRS-A")
    return Draft.objects.create(account=account, owner=user, created_at=AT, changed_at=AT)


def url(draft, name="assign-upload"):
    """Return the address of an act."""
    return reverse(name, args=[draft.pk])


def upload(client, draft, text=TEXT):
    """Upload a file and return the page that comes after it."""
    file = SimpleUploadedFile("people.csv", text.encode())
    return client.post(url(draft), {"file": file, "by": "file"}, follow=True)


def test_a_file_shows_its_columns_to_be_confirmed(client, draft):
    answer = upload(client, draft)

    said = words(answer)
    assert answer.redirect_chain == [(f"/assign/{draft.pk}/?by=file", 302)]
    assert "Mail: 1 of 2 are people we know" in said
    assert "ada@x.example CRS-A =1+1" in said
    assert '<option value="1" selected>Course</option>' in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        pytest.param("../../../etc/cron.d/people.csv", "people.csv", id="above"),
        pytest.param("..\\..\\people.csv", "people.csv", id="above, as Windows writes it"),
        pytest.param("/etc/passwd", "passwd", id="from the root"),
        pytest.param("p" * 300 + ".csv", "p" * 200, id="longer than its column"),
        pytest.param("<u>x.csv", "<u>x.csv", id="markup"),
    ],
)
def test_the_name_of_a_file_is_a_word_and_no_way(client, draft, name, kept, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    raw = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{TEXT}\r\n'
    by = '--b\r\nContent-Disposition: form-data; name="by"\r\n\r\nfile\r\n--b--\r\n'

    answer = client.post(
        url(draft), raw + by, content_type="multipart/form-data; boundary=b", follow=True
    )

    assert DraftUpload.objects.get().name[: len(kept)] == kept
    assert len(DraftUpload.objects.get().name) <= 200
    assert "<u>" not in answer.content.decode()
    assert list(tmp_path.iterdir()) == []


def test_confirmed_columns_fill_the_draft(client, draft):
    upload(client, draft)

    said = words(client.post(url(draft, "assign-columns"), COLUMNS, follow=True))

    assert list(DraftRow.objects.values_list("learner__name", "content__title")) == [
        ("Ada", "Fire")
    ]
    assert "2 rows given, each counted in one of the four. Ignored columns: Note." in said
    assert "3 nobody@x.example Nobody has this e-mail, employee ID or LMS ID." in said
    assert "File: 1 row of 1 item, beside the people selected here" in said


def test_refused_rows_come_back_to_be_mended(client, draft):
    upload(client, draft)
    client.post(url(draft, "assign-columns"), COLUMNS)

    answer = client.get(url(draft, "assign-upload-refused"))

    text = answer.content.decode()
    assert answer["Content-Disposition"] == 'attachment; filename="to-mend.csv"'
    assert text.splitlines() == [
        "\ufeffMail,Course,Note,Row in the file,Reason",
        'nobody@x.example,CRS-A,\'-2,3,"Nobody has this e-mail, employee ID or LMS ID."',
    ]
    said = words(upload(client, draft, text.replace("nobody", "ada")))
    assert "ada@x.example CRS-A -2" in said


def test_a_file_of_people_adds_to_the_selection(client, draft):
    upload(client, draft, "Mail\nada@x.example\n")

    said = words(client.post(url(draft, "assign-columns"), COLUMNS | {"content": ""}, follow=True))

    assert "Found 1 in the draft now" in said
    assert DraftLearner.objects.count() == 1
    assert "File:" not in said


def test_what_a_file_brought_can_be_removed(client, draft):
    upload(client, draft)
    client.post(url(draft, "assign-columns"), COLUMNS)

    said = words(client.post(url(draft, "assign-upload-remove"), follow=True))

    assert "File:" not in said
    assert (DraftRow.objects.count(), DraftUpload.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        pytest.param({}, "Choose a file first.", id="nothing"),
        pytest.param({"file": b""}, "This file is empty.", id="empty"),
        pytest.param({"file": b"\x89PNG"}, "This is a picture", id="a picture"),
        pytest.param(
            {"file": b"x" * 23_000_000}, "Upload at most 20 MB.", id="too large to arrive"
        ),
        pytest.param({"file": b"x" * 21_500_000}, "Upload at most 20 MB.", id="too large to read"),
    ],
)
def test_a_file_that_is_refused_says_why(client, draft, sent, sentence):
    files = {name: SimpleUploadedFile("p.csv", content) for name, content in sent.items()}

    answer = client.post(url(draft), {**files, "by": "file"})

    assert answer.status_code == 422
    assert sentence in words(answer)
    assert not DraftUpload.objects.exists()


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        pytest.param({"person": "9"}, "Choose columns that the file has.", id="beyond"),
        pytest.param({"content": "0"}, "Choose a different column for each", id="twice"),
    ],
)
def test_columns_that_cannot_be_say_why(client, draft, columns, sentence):
    upload(client, draft)

    answer = client.post(url(draft, "assign-columns"), COLUMNS | {"by": "file"} | columns)

    assert answer.status_code == 422
    assert sentence in words(answer)


def test_columns_of_no_file_lead_back(client, draft):
    answer = client.post(url(draft, "assign-columns"), COLUMNS)

    assert answer["Location"] == f"/assign/{draft.pk}/?by=file"
    assert client.get(url(draft, "assign-upload-refused")).status_code == 404


def test_the_clock_forgets_files(client, draft):
    upload(client, draft)
    DraftUpload.objects.update(uploaded_at=AT)

    tasks.forget_uploads()

    assert not DraftUpload.objects.exists()


@pytest.mark.parametrize("name", ["upload", "columns", "upload-remove", "upload-refused"])
def test_only_the_owner_may(client, draft, name):
    act = client.get if name == "upload-refused" else client.post
    client.force_login(make_user("manager"))
    assert act(url(draft, f"assign-{name}")).status_code == 404
    client.force_login(make_user("auditor"))
    assert act(url(draft, f"assign-{name}")).status_code == 403
