"""Page for pasting a list of people: the whole page and its htmx fragments."""

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


def paste(client, draft, text, **fields):
    """Post a pasted list and return the response."""
    return client.post(
        reverse("assign-paste", args=[draft.pk]), {"list": text, "by": "paste", **fields}
    )


def picked():
    """Return the ids of the selected people."""
    return set(DraftLearner.objects.values_list("learner", flat=True))


def test_a_list_selects_its_people(client, draft):
    ada, ben = make_learner(name="Ada"), make_learner(name="Ben")
    inactive = make_learner(is_active=False)

    response = paste(
        client, draft, f"{ada.email};{ben.remote_id}\n{ben.email}, {inactive.email} nobody@x"
    )

    text = words(response)
    assert (response.status_code, picked()) == (200, {ada.pk, ben.pk})
    assert "Found 2 in the selection now" in text
    assert "Twice in the list 1 counted once" in text
    assert "Inactive 1 left out" in text
    assert "Not found 1 fix below" in text
    assert "5 given, each counted in one of the four." in text
    assert "2 nobody@x Nobody has this e-mail, employee ID or LMS ID." in text


def test_a_short_list_names_whom_it_added(client, draft):
    make_learner(name="Boss", email="boss@x.example")
    text = "Please train Ada and Ben: ada@x.example, ben@x.example.\nRegards, boss@x.example"
    for name in ("Ben", "Ada"):
        make_learner(name=name, email=f"{name.lower()}@x.example")

    assert "Found: Ada , Ben , Boss ." in words(paste(client, draft, text))


def test_a_long_list_names_nobody(client, draft):
    emails = [make_learner(name=f"P{n}").email for n in range(13)]

    assert "Found:" not in words(paste(client, draft, " ".join(emails)))


def test_a_list_by_htmx_returns_fragments(client, draft):
    learner = make_learner()

    response = client.post(
        reverse("assign-paste", args=[draft.pk]),
        {"list": learner.email, "by": "paste"},
        headers=HTMX,
    )

    html = response.content.decode()
    assert "<h1>" not in html
    assert "<textarea" not in html
    assert 'id="pasted"' in html
    assert 'id="summary"' in html


def test_using_a_suggestion_replaces_the_word_and_adds_the_list_again(client, draft):
    ada = make_learner(name="Ada", email="ada.lovelace@x.example")
    text = "nobody\nada.lovelac@x.example"
    assert "Use Ada for line 2" in words(paste(client, draft, text))

    response = paste(client, draft, text, use=f"7:{ada.pk}")

    assert picked() == {ada.pk}
    assert "nobody\nada.lovelace@x.example</textarea>" in response.content.decode()


@pytest.mark.parametrize("use", ["7:999999", "8:1", "x", "9" * 50, f"0:{'9' * 18}"])
def test_an_invalid_suggestion_changes_nothing(client, draft, use):
    make_learner(name="Ada")

    response = paste(client, draft, "nobody\nnobody-else", use=use)

    assert response.status_code == 200
    assert "nobody\nnobody-else</textarea>" in response.content.decode()


def test_words_that_were_not_added_can_be_downloaded(client, draft):
    inactive = make_learner(name="Eva", is_active=False)

    response = paste(client, draft, f"=1+1\n{inactive.email}", rest="1")

    assert response["Content-Disposition"] == 'attachment; filename="not-added.csv"'
    assert response.content.decode().splitlines() == [
        "\ufeffLine,You pasted,Why nobody was added",
        '1,\'=1+1,"Nobody has this e-mail, employee ID or LMS ID."',
        f"2,{inactive.email},Eva is inactive in the LMS.",
    ]
    assert picked() == set()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(" ,; ", "Paste at least one e-mail, employee ID or LMS ID.", id="nothing"),
        pytest.param("a b c", "Paste at most 2 at once, or upload the list as a file.", id="long"),
    ],
)
@pytest.mark.parametrize("fields", [{}, {"rest": "1"}], ids=["add", "download"])
def test_a_list_that_is_refused_gets_422(client, draft, monkeypatch, text, sentence, fields):
    monkeypatch.setattr("assignments.services.picking.pasted_lists.list_import.MAX_WORDS", 2)

    response = paste(client, draft, text, **fields)

    assert response.status_code == 422
    assert sentence in words(response)
    assert text.strip() in response.content.decode()


def test_the_current_tab_is_marked(client, draft):
    response = client.get(reverse("assign-paste", args=[draft.pk]))
    assert response["Location"] == f"/assign/{draft.pk}/?by=paste"

    page = client.get(response["Location"]).content.decode()

    assert '?by=paste" aria-current="page"' in page
    assert 'id="people"' not in page


def test_a_list_in_the_search_box_is_recognised(client, draft):
    text = words(client.get(reverse("assign", args=[draft.pk]), {"q": "a@x, b@x, c@x, d@x"}))

    assert "Looks like 4 people. Match them" in text


def test_another_persons_draft_gets_404(client, draft):
    client.force_login(make_user("manager"))

    assert paste(client, draft, "a@x").status_code == 404


@pytest.mark.parametrize("role", ["auditor", "admin"])
def test_roles_that_cannot_assign_get_403(client, draft, role):
    client.force_login(make_user(role))

    assert paste(client, draft, "a@x").status_code == 403


def test_pastes_and_uploads_are_limited_per_person_and_minute(client, draft):
    urls = [reverse(name, args=[draft.pk]) for name in ("assign-paste", "assign-upload")]
    for url in urls:
        statuses = [client.post(url, {"by": "paste"}).status_code for _ in range(61)]
        assert (set(statuses[:-1]), statuses[-1]) == ({422}, 429)
    client.force_login(make_user("manager"))
    assert client.post(urls[0], {"by": "paste"}).status_code == 404
