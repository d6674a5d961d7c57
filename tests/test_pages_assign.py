"""The page of a draft, whole and as fragments."""

import re
from datetime import date

import pytest
from django.urls import reverse

from assignments.models import Draft, DraftContent, DraftLearner, RemoteAssignment
from assignments.models.sql.text_folding import fold
from tests.factories import AT, make_account, make_batch, make_content, make_learner, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
EMPTY = (
    "Choose at least one course, video or path.",
    "Choose at least one person.",
)


@pytest.fixture
def manager(client):
    """Sign a manager in."""
    user = make_user("manager")
    client.force_login(user)
    return user


@pytest.fixture
def draft(manager):
    """Return the manager's own empty draft."""
    return Draft.objects.create(account=make_account(), owner=manager, created_at=AT, changed_at=AT)


def url(draft, name="assign"):
    """Return the URL of a page or an action of the draft."""
    return reverse(name, args=[draft.pk])


def words(response):
    """Return the text of a page on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def names(response):
    """Return the names in the table of people."""
    return [str(learner) for learner in response.context["page"].people.rows]


def picked(draft):
    """Return the ids of the people selected in the draft."""
    return set(DraftLearner.objects.filter(draft=draft).values_list("learner", flat=True))


@pytest.mark.parametrize("role", ["auditor", "admin"])
def test_draft_is_forbidden_without_the_manager_role(client, draft, role):
    client.force_login(make_user(role))

    responses = [client.get(url(draft)), client.post(reverse("assign-new"))]

    assert [response.status_code for response in responses] == [403, 403]
    assert "You can’t open this page" in words(responses[0])


def test_draft_of_another_manager_is_not_found(client, draft):
    client.force_login(make_user("manager", email="daniel@northwind.example"))

    assert client.get(url(draft)).status_code == 404
    assert client.post(url(draft, "assign-clear")).status_code == 404


def test_draft_redirects_to_sign_in_and_back(client, draft):
    client.logout()

    response = client.get(url(draft))

    assert (response.status_code, response["Location"]) == (302, f"/login/?next={url(draft)}")


def test_new_creates_a_draft_with_the_selected_person_and_item(client, manager):
    learner, content = make_learner(), make_content()

    response = client.post(
        reverse("assign-new"), {"learner": str(learner.pk), "add": str(content.pk)}
    )

    draft = Draft.objects.get()
    assert (response.status_code, response["Location"]) == (302, url(draft))
    assert (draft.owner, picked(draft)) == (manager, {learner.pk})
    assert DraftContent.objects.get().content == content


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("novakova", ["Agnieszka Nováková"], id="without accents"),
        pytest.param("NOVÁK agn", ["Agnieszka Nováková"], id="any case, any order"),
        pytest.param("@north", ["Agnieszka Nováková", "Søren Larsen"], id="part of an address"),
        pytest.param("soren", ["Søren Larsen"], id="a letter that has no accent"),
        pytest.param("nw-2", ["Søren Larsen"], id="employee id"),
        pytest.param("nobody", [], id="nobody"),
    ],
)
def test_draft_filters_people_by_text(client, draft, query, expected):
    for number, name in enumerate(["Agnieszka Nováková", "Søren Larsen"], 1):
        text = f"{name} p{number}@northwind.example NW-{number}"

        make_learner(name=name, search_text=fold(text))

    response = client.get(url(draft), {"q": query})

    assert names(response) == expected
    assert ("No people match" in words(response)) == (not expected)


def test_draft_shows_inactive_people_on_request(client, draft):
    make_learner(name="Here")
    make_learner(name="Left", is_active=False)

    assert names(client.get(url(draft))) == ["Here"]
    assert names(client.get(url(draft), {"inactive": "1"})) == ["Here", "Left"]


def test_draft_shows_only_selected_people(client, draft):
    people = [make_learner(name=name) for name in ("Ada", "Ben", "Cid")]
    DraftLearner.objects.create(draft=draft, learner=people[1])

    response = client.get(url(draft), {"show": "selected"})

    assert names(response) == ["Ben"]
    assert "1 selected" in words(response)


def test_draft_pagination_keeps_the_search(client, draft):
    for number in range(60):
        make_learner(name=f"Ada {number:02}", search_text="ada")

    def turn(response, words):
        (address,) = re.findall(rf'href="([^"]+)"\s+rel="{words}"', response.content.decode())
        return client.get(url(draft) + address.replace("&amp;", "&"))

    second = turn(client.get(url(draft), {"q": "ada"}), "next")
    third = turn(second, "next")
    again = turn(third, "prev")

    assert names(second) == names(again) == [f"Ada {number:02}" for number in range(25, 50)]
    assert names(third) == [f"Ada {number:02}" for number in range(50, 60)]
    assert ["26–50 of 60" in words(page) for page in (second, again)] == [True, True]
    assert 'rel="next"' not in third.content.decode()


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_draft_runs_the_same_number_of_queries_for_any_size(
    client, draft, django_assert_num_queries, count
):
    for _ in range(count):
        DraftLearner.objects.create(draft=draft, learner=make_learner())
        DraftContent.objects.create(draft=draft, content=make_content())
    with django_assert_num_queries(17):
        client.get(url(draft))


def test_pick_saves_a_tick_and_returns_page_fragments(client, draft):
    shown, hidden = make_learner(), make_learner()
    DraftLearner.objects.create(draft=draft, learner=hidden)

    response = client.post(
        url(draft, "assign-pick"),
        {"shown": str(shown.pk), "learner": str(shown.pk)},
        headers=HTMX,
    )

    html = response.content.decode()
    assert picked(draft) == {shown.pk, hidden.pk}
    assert "2 selected" in words(response)
    assert html.count('hx-swap-oob="true"') == 6
    assert "<h1>" not in html
    assert "<table" not in html


def test_pick_removes_a_person(client, draft):
    learner = make_learner()
    DraftLearner.objects.create(draft=draft, learner=learner)

    client.post(url(draft, "assign-pick"), {"shown": str(learner.pk)}, headers=HTMX)

    assert picked(draft) == set()


def test_pick_without_htmx_redirects_to_the_same_list(client, draft):
    learner = make_learner()

    response = client.post(
        url(draft, "assign-pick"),
        {"shown": str(learner.pk), "learner": [str(learner.pk), "99999", "x"], "q": "ada"},
    )

    assert (response.status_code, response["Location"]) == (302, url(draft) + "?q=ada")
    assert picked(draft) == {learner.pk}


def test_pick_all_selects_matching_people_and_clear_removes_all(client, draft):
    match, other = make_learner(search_text="sales"), make_learner(search_text="legal")

    client.post(url(draft, "assign-pick-all"), {"q": "sales"}, headers=HTMX)
    assert picked(draft) == {match.pk}

    client.post(url(draft, "assign-pick-all"), headers=HTMX)
    assert picked(draft) == {match.pk, other.pk}

    client.post(url(draft, "assign-clear"), headers=HTMX)
    assert picked(draft) == set()


def test_pick_all_refuses_more_people_than_the_row_limit(client, draft, monkeypatch):
    monkeypatch.setattr("assignments.services.picking.drafts.MAX_ROWS", 1)
    make_learner()
    make_learner()

    whole = client.post(url(draft, "assign-pick-all"))
    part = client.post(url(draft, "assign-pick-all"), headers=HTMX)

    sentence = "That would be 2 people. Choose at most 1: narrow the search."
    assert (whole.status_code, picked(draft)) == (422, set())
    assert sentence in words(whole)
    assert sentence in words(part)


def test_content_adds_and_removes_an_item(client, draft):
    content = make_content(title="Fire Safety")

    added = client.post(url(draft, "assign-content"), {"add": str(content.pk)}, headers=HTMX)
    assert "Fire Safety" in words(added)
    assert DraftContent.objects.filter(draft=draft).count() == 1

    client.post(url(draft, "assign-content"), {"remove": str(content.pk)}, headers=HTMX)
    assert DraftContent.objects.filter(draft=draft).count() == 0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"is_active": False}, "it is retired in the LMS", id="retired"),
        pytest.param(
            {"external_reference": ""}, "it has no external reference in the LMS", id="no reference"
        ),
    ],
)
def test_content_shows_why_an_item_cannot_be_assigned(client, draft, fields, reason):
    content = make_content(title="Old Course", search_text="old course", **fields)

    options = client.get(url(draft), {"find": "old"}, headers=HTMX)
    refused = client.post(url(draft, "assign-content"), {"add": str(content.pk)})

    assert f"Cannot be assigned: {reason}" in words(options)
    assert "hx-post" not in options.content.decode()
    assert "Add" not in words(options)
    assert refused.status_code == 422
    assert f"Old Course cannot be assigned: {reason}" in words(refused)
    assert DraftContent.objects.count() == 0


def test_content_options_show_details_and_highlight_the_match(client, draft):
    make_content(
        title="Fire Safety",
        duration="PT45M",
        languages=["en", "de"],
        external_reference="CRS-7",
    )

    options = client.get(url(draft), {"find": "safe"}, headers=HTMX)

    assert "<b>Fire <mark>Safe</mark>ty</b>" in options.content.decode()
    summary = "Course · 45 min · English, German · CRS-7 · 0 people have it"
    assert summary in words(options)
    assert "Add" not in words(options)
    assert "Add Fire Safety" in words(client.get(url(draft), {"find": "safe"}))


@pytest.mark.parametrize(
    ("address", "count"),
    [
        pytest.param("https://lms.example/c/1", 1, id="a web page"),
        pytest.param("javascript:alert(1)", 0, id="a script"),
    ],
)
def test_selected_content_links_to_web_addresses_only(client, draft, address, count):
    content = make_content(title="Fire Safety", url=address)
    DraftContent.objects.create(draft=draft, content=content)
    link = f'href="{address}" target="_blank" rel="noopener noreferrer"'

    for page in (url(draft), f"/content/{content.pk}/"):
        html = " ".join(client.get(page).content.decode().split())
        assert (html.count(link), html.count("opens in a new tab")) == (count, count)


def test_content_options_show_that_nothing_matches(client, draft):
    assert "Nothing matches" in words(client.get(url(draft), {"find": "zzz"}, headers=HTMX))


def test_draft_shows_who_has_the_item_already(client, draft):
    learner, content = make_learner(), make_content()
    DraftContent.objects.create(draft=draft, content=content)
    RemoteAssignment.objects.create(
        account=draft.account,
        remote_id="r",
        learner=learner,
        content=content,
        first_seen_at=AT,
        due_at=AT,
    )

    text = words(client.get(url(draft)))

    assert "Has it, due 23 Nov 2026" in text
    assert "1 person has it" in text


@pytest.mark.parametrize(
    ("sent", "due"),
    [
        pytest.param({"due_in": "2 weeks"}, "2026-12-07", id="2 weeks"),
        pytest.param({"due_in": "30 days"}, "2026-12-23", id="30 days"),
        pytest.param({"due_in": "end of next month"}, "2026-12-31", id="end of next month"),
        pytest.param({"due_words": "in 3 weeks"}, "2026-12-14", id="typed"),
        pytest.param({"no_date": "1", "due_date": "2027-01-01"}, "None", id="no date"),
        pytest.param({"due_date": "2027-01-15"}, "2027-01-15", id="a day"),
    ],
)
def test_terms_save_the_due_date(client, draft, clock, sent, due):
    response = client.post(url(draft, "assign-terms"), {"status": "pending", **sent}, headers=HTMX)

    draft.refresh_from_db()
    assert (response.status_code, str(draft.due_date)) == (200, due)


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        pytest.param(
            "2027-03-28",
            "The clocks go forward on 28 March 2027, so 01:30 does not exist. Choose 02:30,",
            id="forward",
        ),
        pytest.param(
            "2027-10-31",
            "The clocks go back on 31 October 2027, so 01:30 occurs twice: the later one is meant.",
            id="back",
        ),
    ],
)
def test_terms_say_what_a_due_time_means_when_clocks_change(client, draft, settings, day, sentence):
    settings.DUE_TIMES = True
    terms = {"status": "pending", "due_date": day, "due_time": "01:30"}

    assert sentence in words(client.post(url(draft, "assign-terms"), terms, headers=HTMX))


def test_terms_show_the_due_date_in_words(client, draft):
    response = client.post(
        url(draft, "assign-terms"), {"status": "pending", "due_date": "2027-01-15"}, headers=HTMX
    )

    assert "Friday 15 January 2027, end of day in London" in words(response)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        pytest.param(
            {"status": "pending", "due_date": "soon"},
            "Enter the due date as a day, such as 2027-01-15, in 30 days,",
            id="invalid due date",
        ),
        pytest.param(
            {"status": "in_progress", "progress": "120"},
            "Enter the progress as a number from 0 to 100, such as 40 or 62.5.",
            id="progress above 100",
        ),
        pytest.param(
            {"status": "completed", "progress": "1,000"},
            "Enter the progress as a number from 0 to 100, such as 40 or 62.5.",
            id="progress with a thousands separator",
        ),
        pytest.param(
            {"status": "pending", "due_time": "17:00"},
            "Due dates have no time of day here: the setting DUE_TIMES is off.",
            id="due time where there is none",
        ),
        pytest.param(
            {"status": "pending", "assigned_at": "yesterday"},
            "Write the time of assignment as a date and time, such as 2026-12-01 08:00.",
            id="time of assignment in words",
        ),
        pytest.param(
            {"status": "pending", "assigned_at": "9999-12-31T23:59"},
            "Choose a year from 1900 to 2099 for the time of assignment.",
            id="time of assignment at the end of time",
        ),
        pytest.param(
            {"status": "pending", "external_reference": "x" * 201},
            "Shorten the external reference to 200 characters.",
            id="long external reference",
        ),
        pytest.param(
            {"status": "pending", "source_status": "ENROLLED\u200b"},
            "Type the LMS status again: it has characters that cannot be seen.",
            id="zero-width space",
        ),
        pytest.param({"status": "late"}, "Choose Pending, In progress or Completed.", id="status"),
    ],
)
def test_invalid_terms_show_an_error_at_the_field(client, draft, sent, sentence):
    DraftLearner.objects.create(draft=draft, learner=make_learner())

    response = client.post(url(draft, "assign-terms"), sent)

    assert response.status_code == 422
    assert sentence in words(response)
    assert "<title>\n      Error:" in response.content.decode() or "Error: " in words(response)[:60]
    assert "1 selected" in words(response)


def test_review_of_an_empty_draft_shows_what_is_missing(client, draft):
    response = client.post(url(draft), {"status": "pending"})

    text = words(response)
    assert response.status_code == 422
    assert [text.count(sentence) for sentence in EMPTY] == [2, 2]


def test_review_saves_the_form_and_redirects_to_the_plan(client, draft):
    learner = make_learner()
    DraftContent.objects.create(draft=draft, content=make_content())

    response = client.post(
        url(draft),
        {"status": "in_progress", "progress": "40", "shown": learner.pk, "learner": learner.pk},
    )

    draft.refresh_from_db()
    assert (response.status_code, response["Location"]) == (302, url(draft, "review"))
    assert (draft.status, draft.progress, picked(draft)) == ("in_progress", 40, {learner.pk})


def test_submitted_draft_redirects_to_its_batch(client, draft):
    batch = make_batch(["created"], submission_key=draft.pk)
    draft.is_submitted = True
    draft.save()

    response = client.get(url(draft))

    assert (response.status_code, response["Location"]) == (
        302,
        reverse("batch", args=[batch.number]),
    )


def test_discarded_draft_is_not_found_until_it_is_restored(client, draft):
    DraftLearner.objects.create(draft=draft, learner=make_learner())

    response = client.post(url(draft, "assign-discard"))

    assert (response.status_code, response["Location"]) == (302, "/batches/?tab=drafts")
    assert client.get(url(draft)).status_code == 404
    assert client.post(url(draft, "assign-clear")).status_code == 404

    assert client.post(url(draft, "assign-recover"))["Location"] == url(draft)
    assert "1 selected" in words(client.get(url(draft)))


def test_discarded_draft_of_another_manager_cannot_be_restored(client, draft):
    client.post(url(draft, "assign-discard"))
    client.force_login(make_user("manager", email="daniel@northwind.example"))

    assert client.post(url(draft, "assign-recover")).status_code == 404


def test_draft_refreshes_until_the_first_sync_ends(client, draft):
    html = client.get(url(draft)).content.decode()

    assert "The people list is being fetched" in html
    assert "tick from:body" in html


NO_ID = [
    pytest.param("9" * 30, id="more than 64 bits"),
    pytest.param("9" * 5_000, id="5,000 digits"),
    pytest.param("²", id="a superscript digit"),
    pytest.param("٣", id="a digit of another script"),
    pytest.param("-1", id="negative"),
]
FIELDS = [
    ("assign-pick", "shown"),
    ("assign-pick", "learner"),
    ("assign-content", "add"),
    ("assign-content", "remove"),
    ("assign", "learner"),
    ("assign-terms", "progress"),
    ("assign-terms", "due_in"),
    ("assign-pick-all", "page"),
]


@pytest.mark.parametrize("value", NO_ID)
@pytest.mark.parametrize(("action", "field"), FIELDS)
def test_invalid_ids_cause_no_server_error(client, draft, action, field, value):
    response = client.post(url(draft, action), {field: value, "status": "in_progress"})

    assert response.status_code in {302, 422}


@pytest.mark.parametrize("value", NO_ID)
def test_new_ignores_invalid_ids(client, draft, value):
    response = client.post(reverse("assign-new"), {"learner": value, "add": value})

    assert response.status_code == 302
    assert client.get(url(draft), {"page": value}).status_code == 200


@pytest.mark.parametrize("words", ["\x00", "x" * 5_000], ids=["no character", "very long"])
@pytest.mark.parametrize("field", ["q", "find"])
def test_draft_accepts_unusual_search_texts(client, draft, field, words):
    assert client.get(url(draft), {field: words}).status_code == 200


def test_item_due_dates_are_saved_for_each_item(client, draft):
    first, second = make_content(), make_content()
    for content in (first, second):
        DraftContent.objects.create(draft=draft, content=content)

    response = client.post(
        url(draft, "assign-item-due-dates"),
        {f"item_due_{first.pk}": "2027-02-01", f"item_due_{second.pk}": "", "item_due_x": "1"},
        headers=HTMX,
    )

    own = DraftContent.objects.filter(draft=draft).values_list("content", "due_date")
    assert dict(own) == {first.pk: date(2027, 2, 1), second.pk: None}
    assert "Due Monday 1 February 2027" in response.content.decode()


def test_item_due_dates_refuse_an_invalid_date(client, draft):
    content = make_content()
    DraftContent.objects.create(draft=draft, content=content)

    response = client.post(url(draft, "assign-item-due-dates"), {f"item_due_{content.pk}": "soon"})

    assert response.status_code == 422
    assert "Enter the due date as a day" in response.content.decode()


def test_terms_warn_about_a_due_date_on_a_weekend(client, draft, clock):
    form = {"status": "pending", "due_date": "2026-11-28"}

    response = client.post(url(draft, "assign-terms"), form, headers=HTMX)

    assert "The due date is a Saturday." in response.content.decode()


def test_stale_tab_does_not_overwrite_the_terms(client, draft):
    behind = client.get(url(draft)).context["page"].terms_seen
    person = make_learner()
    late = {"status": "completed", "due_date": "2027-03-01", "terms_seen": behind}
    client.post(url(draft, "assign-terms"), {"status": "pending", "due_date": "2027-01-15"})

    part = client.post(url(draft, "assign-terms"), late, headers=HTMX)
    whole = client.post(url(draft), late | {"shown": person.pk, "learner": person.pk})

    draft.refresh_from_db()
    assert (str(draft.due_date), draft.status) == ("2027-01-15", "pending")
    assert (whole.status_code, picked(draft)) == (422, {person.pk})
    notice = "This draft changed in another tab: it is now due 15 January 2027, pending"
    assert notice in words(part)
    assert notice in words(whole)

    again = late | {"terms_seen": part.context["page"].terms_seen}
    client.post(url(draft, "assign-terms"), again, headers=HTMX)
    draft.refresh_from_db()
    assert draft.status == "completed"


def test_stale_tab_shows_a_notice_and_its_tick_is_saved(client, draft):
    behind = client.get(url(draft)).context["page"].seen
    ada, ben = make_learner(), make_learner()
    for_ada = {"shown": ada.pk, "learner": ada.pk, "seen": behind}
    first = client.post(url(draft, "assign-pick"), for_ada, headers=HTMX)
    for_ben = {"shown": ben.pk, "learner": ben.pk, "seen": behind}
    second = client.post(url(draft, "assign-pick"), for_ben, headers=HTMX)

    notice = "This draft changed in another tab. What both of you picked is kept."
    assert notice not in words(first)
    assert notice in words(second)
    assert picked(draft) == {ada.pk, ben.pk}

    for_ben["seen"] = second.context["page"].seen
    assert notice not in words(client.post(url(draft, "assign-pick"), for_ben, headers=HTMX))
