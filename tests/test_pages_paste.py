"""Choosing people by a pasted list: the page, whole and in parts."""

import pytest
from django.urls import reverse

from assignments.models import Draft, DraftLearner
from tests.factories import AT, make_account, make_learner, make_user
from tests.test_pages_assign import HTMX, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(client):
    """Return the signed-in manager's own draft."""
    user = make_user("manager")
    client.force_login(user)
    return Draft.objects.create(account=make_account(), owner=user, created_at=AT, changed_at=AT)


def paste(client, draft, text, **more):
    """Paste a list."""
    return client.post(
        reverse("assign-paste", args=[draft.pk]), {"list": text, "by": "paste", **more}
    )


def picked():
    """Return the ids of everybody who is picked."""
    return set(DraftLearner.objects.values_list("learner", flat=True))


def test_a_list_adds_whom_it_names(client, draft):
    ada, ben = make_learner(name="Ada"), make_learner(name="Ben")
    left = make_learner(is_active=False)

    answer = paste(
        client, draft, f"{ada.email};{ben.remote_id}\n{ben.email}, {left.email} nobody@x"
    )

    said = words(answer)
    assert (answer.status_code, picked()) == (200, {ada.pk, ben.pk})
    assert "Found 2 in the selection now" in said
    assert "Twice in the list 1 counted once" in said
    assert "Inactive 1 left out" in said
    assert "Not found 1 fix below" in said
    assert "5 given, each counted in one of the four." in said
    assert "2 nobody@x Nobody has this e-mail, employee ID or LMS ID." in said


def test_a_list_by_htmx_answers_with_parts(client, draft):
    learner = make_learner()

    answer = client.post(
        reverse("assign-paste", args=[draft.pk]),
        {"list": learner.email, "by": "paste"},
        headers=HTMX,
    )

    html = answer.content.decode()
    assert "<h1>" not in html
    assert "<textarea" not in html
    assert 'id="pasted"' in html
    assert 'id="summary"' in html


def test_use_replaces_the_word_and_matches_again(client, draft):
    ada = make_learner(name="Ada", email="ada.lovelace@x.example")
    text = "nobody\nada.lovelac@x.example"
    assert "Use Ada for line 2" in words(paste(client, draft, text))

    answer = paste(client, draft, text, use=f"7:{ada.pk}")

    assert picked() == {ada.pk}
    assert "nobody\nada.lovelace@x.example</textarea>" in answer.content.decode()


@pytest.mark.parametrize("use", ["7:999999", "8:1", "x", "9" * 50, f"0:{'9' * 18}"])
def test_use_of_what_is_gone_changes_nothing(client, draft, use):
    make_learner(name="Ada")

    answer = paste(client, draft, "nobody\nnobody-else", use=use)

    assert answer.status_code == 200
    assert "nobody\nnobody-else</textarea>" in answer.content.decode()


def test_what_was_not_added_is_downloaded(client, draft):
    left = make_learner(name="Eva", is_active=False)

    answer = paste(client, draft, f"=1+1\n{left.email}", rest="1")

    assert answer["Content-Disposition"] == 'attachment; filename="not-added.csv"'
    assert answer.content.decode().splitlines() == [
        "\ufeffLine,You pasted,Why nobody was added",
        '1,\'=1+1,"Nobody has this e-mail, employee ID or LMS ID."',
        f"2,{left.email},Eva is inactive in the LMS.",
    ]
    assert picked() == set()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(" ,; ", "Paste at least one e-mail, employee ID or LMS ID.", id="nothing"),
        pytest.param("a b c", "Paste at most 2 at once, or upload the list as a file.", id="much"),
    ],
)
@pytest.mark.parametrize("more", [{}, {"rest": "1"}], ids=["match", "download"])
def test_a_list_that_cannot_be_matched_says_why(client, draft, monkeypatch, text, sentence, more):
    monkeypatch.setattr("assignments.services.picking.pasted_lists.paste.MOST_WORDS", 2)

    answer = paste(client, draft, text, **more)

    assert answer.status_code == 422
    assert sentence in words(answer)
    assert text.strip() in answer.content.decode()


def test_the_tabs_say_where_one_is(client, draft):
    answer = client.get(reverse("assign-paste", args=[draft.pk]))
    assert answer["Location"] == f"/assign/{draft.pk}/?by=paste"

    page = client.get(answer["Location"]).content.decode()

    assert '?by=paste" aria-current="page"' in page
    assert 'id="people"' not in page


def test_a_list_in_the_search_box_is_offered(client, draft):
    said = words(client.get(reverse("assign", args=[draft.pk]), {"q": "a@x, b@x, c@x, d@x"}))

    assert "Looks like 4 people. Match them" in said


def test_nobody_pastes_into_somebody_elses_draft(client, draft):
    client.force_login(make_user("manager"))

    assert paste(client, draft, "a@x").status_code == 404


@pytest.mark.parametrize("role", ["auditor", "admin"])
def test_who_may_not_assign_gets_403(client, draft, role):
    client.force_login(make_user(role))

    assert paste(client, draft, "a@x").status_code == 403
