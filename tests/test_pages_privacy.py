"""Pages and command for erasing people, legal holds and retention."""

import json
import re

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from assignments.audit.log import Event, record
from assignments.audit.verification.whole_log import verdict_on_log
from assignments.models import Learner, LegalHold, LogEntry
from assignments.services.batches import row_changes
from tests.factories import AT, make_batch, make_learner, make_user
from tests.log_fixtures import PRIYA

pytestmark = pytest.mark.django_db
RETENTION = "/settings/privacy/retention"
NAME, EMAIL = "Xqzelif Wvkyilmaz", "xqzelif.wvk@northwind.example"


@pytest.fixture
def person():
    """Return a learner with one assignment and its log entry."""
    person = make_learner(name=NAME, email=EMAIL)
    batch = make_batch([{"state": "created", "learner": person}])
    record(
        row_changes.row_event(batch.assignments.get(), "assignment.created", "created"),
        by=PRIYA,
        at=AT,
    )
    return person


@pytest.fixture
def admin(client):
    """Return a signed-in administrator's client."""
    client.force_login(make_user("admin", email="sam@northwind.example"))
    return client


def words(response):
    """Return the text of a page, without markup and on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def person_url(person, name="privacy-person"):
    """Return the URL of a learner's page."""
    return reverse(name, args=["learner", person.pk])


def test_a_person_is_found_by_part_of_the_name(admin, person):
    user = make_user("manager", name="Xqzanna")

    page = admin.get(reverse("privacy"), {"q": "xqz"})

    for link in (person_url(person), reverse("privacy-person", args=["user", user.pk])):
        assert link in page.content.decode()
    assert "Write at least two letters." in words(admin.get(reverse("privacy"), {"q": "x"}))
    assert "No results" in words(admin.get(reverse("privacy"), {"q": "nobody here"}))


def test_the_page_previews_what_is_deleted_and_what_stays(admin, person):
    record(
        Event(action="batch.paused", subject="batch/1", detail={"reason": f"{NAME} called"}),
        by=PRIYA,
        at=AT,
    )
    other = make_user("manager", email=EMAIL)

    text = words(admin.get(person_url(person)))

    assert "3 names and addresses beside the audit log" in text
    assert "1 assignment and 1 entry of the log, as those of “an erased person”" in text
    assert f"The LMS’s own id {person.remote_id}" in text
    assert "name them in 1 entry that cannot be changed without breaking the log: 1 ." in text
    assert f"The same e-mail is known as user/{other.pk} as well." in text


def test_erasing_redirects_to_its_entry_and_no_page_names_the_person(admin, person, client):
    response = admin.post(
        person_url(person), {"reason": "Letter of 12 November", "understood": "yes"}
    )

    entry = LogEntry.objects.get(action="personal_data.erased")
    assert response["Location"] == reverse("entry", args=[entry.seq])
    batch = person.assignments.get().batch
    pages = [
        reverse("people"),
        f"{reverse('people')}?q=erased",
        reverse("person", args=[person.pk]),
        reverse("batch", args=[batch.number]),
        reverse("assignment-history", args=[person.pk, person.assignments.get().content_id]),
        reverse("audit"),
        reverse("entry", args=[0]),
        reverse("entry", args=[entry.seq]),
    ]
    for role in ("manager", "auditor", "admin"):
        client.force_login(make_user(role))
        for page in pages:
            text = client.get(page)
            assert (page, text.status_code) == (page, 200)
            assert (page, "xqzelif" in text.content.decode().lower()) == (page, False)
        assert "an erased person" in words(client.get(pages[2]))
        searched = client.get(reverse("people"), {"q": "Xqzelif"})
        assert reverse("person", args=[person.pk]) not in searched.content.decode()
    client.force_login(make_user("admin"))
    again = words(client.get(person_url(person)))
    assert "This person has been erased already." in again
    assert "Legal hold" not in again


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"understood": "yes"}, "Give a reason. It stays in the log."),
        ({"reason": "Asked"}, "Confirm that this cannot be undone."),
        (
            {"reason": f"{NAME} asked", "understood": "yes"},
            "Leave the person&#x27;s name out of the reason: it stays in the log.",
        ),
    ],
)
def test_the_form_says_what_is_missing(admin, person, fields, problem):
    response = admin.post(person_url(person), fields)

    assert response.status_code == 422
    assert problem in response.content.decode()
    assert Learner.objects.get(pk=person.pk).name == NAME


@pytest.mark.parametrize(("kind", "pk"), [("learner", 99), ("batch", 1)])
def test_an_unknown_person_is_not_found(admin, kind, pk):
    assert admin.get(reverse("privacy-person", args=[kind, pk])).status_code == 404


def test_placing_and_releasing_a_hold_are_recorded(admin, person):
    hold = person_url(person, "privacy-hold")

    assert admin.post(hold, {"reason": "Case 7"})["Location"] == person_url(person)
    assert "is under a legal hold since" in words(admin.get(person_url(person)))
    listed = words(admin.get(reverse("privacy")))
    assert f"{NAME} Case 7" in listed
    refused = admin.post(hold, {"reason": "Case 8"})
    assert "There is a legal hold already." in words(refused)
    admin.post(hold, {"reason": "Closed", "act": "release"})

    assert not LegalHold.objects.exists()
    entries = LogEntry.objects.filter(action__startswith="legal_hold.").order_by("seq")
    ref = f"learner/{person.pk}"
    assert list(entries.values_list("action", "subject", "person", "result")) == [
        ("legal_hold.placed", ref, ref, "placed"),
        ("legal_hold.released", ref, ref, "released"),
    ]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"reason": "Closed", "act": "release"}, "There is no legal hold to release."),
        ({"reason": " "}, "Give a reason. It stays in the log."),
        ({"reason": NAME}, "Leave the person&#x27;s name out of the reason"),
    ],
)
def test_an_invalid_legal_hold_is_refused(admin, person, fields, problem):
    response = admin.post(person_url(person, "privacy-hold"), fields)

    assert response.status_code == 422
    assert problem in response.content.decode()
    assert not LegalHold.objects.exists()


def test_a_legal_hold_on_an_account(admin, person):
    hold = reverse("privacy-hold", args=["account", person.account_id])

    assert admin.post(hold, {"reason": "Case 7"})["Location"] == reverse("privacy")
    assert "Cornerstone is under a legal hold" in words(admin.get(reverse("privacy")))
    assert "A legal hold on their account forbids it." in words(admin.get(person_url(person)))
    missing = admin.post(reverse("privacy-hold", args=["account", 99]), {"reason": "Case 7"})
    assert (
        missing.status_code,
        "No person or account has the ref account/99" in words(missing),
    ) == (422, True)


def test_the_command_does_the_same(admin, person, capsys):
    arguments = [
        "erase",
        f"learner/{person.pk}",
        "--as",
        "sam@northwind.example",
        "--reason",
        "Asked",
    ]

    call_command(*arguments, "--dry-run", "--json")
    preview = json.loads(capsys.readouterr().out)
    assert preview == {
        "ref": f"learner/{person.pk}",
        "values": 3,
        "rows": 1,
        "entries": 1,
        "naming_entries": [],
        "other_refs": [],
    }
    assert Learner.objects.get(pk=person.pk).name == NAME
    call_command(*arguments, "--yes", "--json")

    result = json.loads(capsys.readouterr().out)
    assert (result["ref"], result["rows"], result["naming_entries"]) == (
        f"learner/{person.pk}",
        1,
        [],
    )
    entry = LogEntry.objects.get(seq=result["entry"])
    assert (entry.action, entry.actor[:5]) == ("personal_data.erased", "user/")
    assert Learner.objects.get(pk=person.pk).name == ""
    assert verdict_on_log().word == "not sealed"


@pytest.mark.parametrize(("reply", "name"), [("y", ""), ("no", NAME)])
def test_the_command_asks_for_confirmation(admin, person, monkeypatch, capsys, reply, name):
    make_user("auditor", email=EMAIL)
    record(
        Event(action="batch.paused", subject="batch/1", detail={"reason": f"{NAME} called"}),
        by=PRIYA,
        at=AT,
    )
    monkeypatch.setattr("builtins.input", lambda _: reply)
    arguments = [
        "erase",
        f"learner/{person.pk}",
        "--as",
        "sam@northwind.example",
        "--reason",
        "Asked",
    ]

    if name:
        with pytest.raises(CommandError, match="Nothing was erased"):
            call_command(*arguments)
    else:
        call_command(*arguments)
        assert "rows still count. These entries name them" in capsys.readouterr().out

    assert Learner.objects.get(pk=person.pk).name == name


def test_the_command_finds_one_person_and_lists_several(admin, person, capsys):
    arguments = ["--as", "sam@northwind.example", "--reason", "Asked", "--dry-run"]

    call_command("erase", EMAIL, *arguments)
    assert f"{NAME} (learner/{person.pk}) will be erased" in capsys.readouterr().out
    other = make_user("manager", email=EMAIL)
    with pytest.raises(CommandError, match=f"several: learner/{person.pk}, user/{other.pk}. Name"):
        call_command("erase", EMAIL, *arguments)
    with pytest.raises(CommandError, match="Nobody matches 'nobody at all'"):
        call_command("erase", "nobody at all", *arguments)


def test_the_command_refuses_what_the_page_refuses(admin, person):
    arguments = ["erase", f"learner/{person.pk}", "--yes", "--reason"]

    with pytest.raises(CommandError, match="is not an administrator"):
        call_command(*arguments, "Asked", "--as", make_user("manager").email)
    with pytest.raises(CommandError, match="Leave the person's name out"):
        call_command(*arguments, NAME, "--as", "sam@northwind.example")
    LegalHold.objects.create(
        ref=f"learner/{person.pk}", reason="7", placed_by="user/1", placed_at=AT
    )
    with pytest.raises(CommandError, match="A legal hold on this person"):
        call_command(*arguments, "Asked", "--as", "sam@northwind.example")


def test_retention_is_set_by_account_and_for_no_account(admin, person):
    account = person.account.remote_id

    for whose, months in ((account, "36"), ("", "24")):
        response = admin.post(RETENTION, {"account": whose, "months": months})
        assert response["Location"] == reverse("privacy")

    page = admin.get(reverse("privacy")).content.decode()
    assert re.findall(r'name="months"[^>]*value="(\d*)"', page) == ["36", "24"]
    changed = LogEntry.objects.filter(action="retention.changed").order_by("seq")
    assert [(entry.account, entry.result) for entry in changed] == [
        (account, "changed"),
        ("", "changed"),
    ]
    assert json.loads(bytes(changed[0].body))["detail"] == {"months": 36, "previous_months": None}


def test_an_empty_period_keeps_entries_for_ever(admin, person):
    for months in ("36", "36", ""):
        admin.post(RETENTION, {"account": person.account.remote_id, "months": months})

    changed = LogEntry.objects.filter(action="retention.changed").order_by("seq")
    assert [entry.result for entry in changed] == ["changed", "for ever"], (
        "the same again is no change"
    )
    assert 'placeholder="for ever"' in admin.get(reverse("privacy")).content.decode()


@pytest.mark.parametrize("months", ["23", "601", "-1", "many", "24.5", "9" * 30])
def test_an_invalid_retention_period_is_refused(admin, person, months):
    response = admin.post(RETENTION, {"account": person.account.remote_id, "months": months})

    assert response.status_code == 422
    assert "Give 24 to 600 months, or leave it empty to keep them for ever." in words(response)
    assert not LogEntry.objects.filter(action="retention.changed").exists()


def test_an_unknown_account_is_refused(admin, person):
    response = admin.post(RETENTION, {"account": "nobody's", "months": "24"})

    assert (response.status_code, "There is no account nobody&#x27;s." in words(response)) == (
        422,
        True,
    )
