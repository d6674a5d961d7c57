"""Suggestions for the refused rows of a file, accepted with one click."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from assignments.models import Draft, DraftLearner, DraftRow, DraftUpload
from tests.factories import AT, make_account, make_content, make_learner, make_user
from tests.test_pages_assign import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(client):
    """Return the signed-in manager's own draft, in an account of three people and an item."""
    user = make_user("manager")
    client.force_login(user)
    account = make_account()
    make_learner(account, name="Ada", email="ada.lovelace@x.example", external_reference="000101")
    make_learner(account, name="Ben", email="ben@x.example", external_reference="000102")
    make_learner(account, name="Cid", email="cid@x.example", external_reference="NW-20304")
    make_content(account, title="Fire", external_reference="CRS-A")
    return Draft.objects.create(account=account, owner=user, created_at=AT, changed_at=AT)


def use_file(client, draft, text, **columns):
    """Upload a file, confirm its columns and return the page with the result."""
    file = SimpleUploadedFile("people.csv", text.encode())
    client.post(reverse("assign-upload", args=[draft.pk]), {"file": file, "by": "file"})
    choice = {"person": "0", "content": "none", "due": "none", "by": "file"} | columns
    url = reverse("assign-upload-columns", args=[draft.pk])
    return words(client.post(url, choice, follow=True))


def accept(client, draft, use):
    """Accept a suggestion and return the page."""
    url = reverse("assign-upload-suggestion", args=[draft.pk])
    return words(client.post(url, {"use": use, "by": "file"}, follow=True))


def counts():
    """Return the counts of the file's rows."""
    result = DraftUpload.objects.get().result
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        pytest.param(
            "ada.lovelac@x.example", "Did you mean Ada? ada.lovelace@x.example", id="typo"
        ),
        pytest.param("101", "Did you mean Ada? 000101, the same number", id="zeros dropped"),
        pytest.param("20304", "Did you mean Cid? NW-20304, the same number", id="no prefix"),
        pytest.param("NW-2O304", "Did you mean Cid? NW-20304, looks the same", id="the letter O"),
    ],
)
def test_a_suggestion_is_accepted_with_one_click(client, draft, cell, sentence):
    assert sentence in use_file(client, draft, f"Id\n000102\n{cell}\n")
    name = sentence.split()[3].rstrip("?")
    learner = draft.account.learners.get(name=name)

    text = accept(client, draft, f"3:{learner.pk}")

    assert set(DraftLearner.objects.values_list("learner__name", flat=True)) == {"Ben", name}
    assert "2 rows given" in text
    assert "In the draft now: 2." in text
    assert "Rows that add nothing" not in text
    used = counts()
    assert (used["valid"], used["invalid"], used["duplicate"]) == (2, 0, 0)

    remove = reverse("assign-upload-remove", args=[draft.pk])
    client.post(remove, {"used": used["file"], "by": "file"})
    assert not DraftLearner.objects.exists()


def test_a_suggested_person_who_is_in_the_file_counts_as_twice(client, draft):
    use_file(client, draft, "Id\n000101\n101\n")

    accept(client, draft, f"3:{draft.account.learners.get(name='Ada').pk}")

    used = counts()
    assert (used["valid"], used["invalid"], used["duplicate"]) == (1, 0, 1)


def test_a_suggested_person_who_was_selected_before_stays_selected(client, draft):
    ada = draft.account.learners.get(name="Ada")
    DraftLearner.objects.create(draft=draft, learner=ada)
    use_file(client, draft, "Id\n000102\n101\n")

    accept(client, draft, f"3:{ada.pk}")

    used = counts()
    assert (used["valid"], used["both"], used["after"]) == (2, 1, 2)
    client.post(reverse("assign-upload-remove", args=[draft.pk]), {"used": used["file"]})
    assert [row.learner for row in DraftLearner.objects.all()] == [ada]


def test_a_row_with_another_mistake_stays_with_its_new_reason(client, draft):
    text = "Id,Course,Due\n000102,CRS-A,2027-01-15\n101,CRS-A,soon\n101,CRS-A,2027-01-16\n"
    use_file(client, draft, text, content="1", due="2")
    ada = draft.account.learners.get(name="Ada")

    assert "“soon”" in accept(client, draft, f"3:{ada.pk}")
    accept(client, draft, f"4:{ada.pk}")

    rows = DraftRow.objects.filter(learner=ada).values_list("content__title", "due_date")
    assert [(title, str(due)) for title, due in rows] == [("Fire", "2027-01-16")]


def test_of_two_rows_with_one_number_the_suggested_one_is_corrected(client, draft):
    make_content(draft.account, title="First aid", external_reference="CRS-B")
    heading = "Row in the file,Reason,Id,Course"
    use_file(client, draft, f"{heading}\n2,x,101,CRS-A\n2,x,102,CRS-B\n", content="1")

    accept(client, draft, f"2:{draft.account.learners.get(name='Ben').pk}")

    rows = DraftRow.objects.values_list("learner__name", "content__title")
    assert list(rows) == [("Ben", "First aid")]


def test_only_the_suggested_person_is_accepted(client, draft):
    use_file(client, draft, "Id\n000102\n101\n")

    accept(client, draft, f"3:{draft.account.learners.get(name='Cid').pk}")

    assert DraftLearner.objects.get().learner.name == "Ben"


@pytest.mark.parametrize("use", ["", "x", "99:1", "3:999999", f"3:{'9' * 18}"])
def test_an_invalid_suggestion_changes_nothing(client, draft, use):
    use_file(client, draft, "Id\n000102\n101\n")
    before = counts()

    accept(client, draft, use)

    assert counts() == before
    assert DraftLearner.objects.count() == 1


def test_without_a_file_nothing_happens(client, draft):
    assert "Did you mean" not in accept(client, draft, "3:1")
