"""The audit log's pages: finding entries, one entry, verifying, exporting."""

import csv
import io
import json
import re

import pytest
from django.db import transaction
from django.urls import reverse

from assignments.audit.actors import Person
from assignments.audit.log import Event, record_all
from assignments.audit.sentences import SENTENCES
from assignments.models import LogEntry, LogHead, PersonalValue, Verification
from tests import tampering
from tests.factories import make_batch, make_user
from tests.log_fixtures import AT, CONTENT, ELIF, PRIYA, created, write_log

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client):
    """Return a function that signs somebody with a role in."""

    def sign_in(role):
        client.force_login(make_user(role))
        return client

    return sign_in


@pytest.fixture
def auditor(signed_in):
    """Return a signed-in auditor's client."""
    return signed_in("auditor")


def words(response):
    """Return what a page says, without markup and on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def handed_out(response):
    """Return the bytes of a file that was handed out."""
    return b"".join(response)


def write(*events):
    """Append entries and return the number of the first."""
    with transaction.atomic():
        return record_all(events, by=PRIYA, at=AT).start


def actions():
    """Return the action and subject of every entry, oldest first."""
    return list(LogEntry.objects.order_by("seq").values_list("action", "subject"))


def last_detail():
    """Return what the newest entry tells in detail."""
    return json.loads(bytes(LogEntry.objects.order_by("-seq")[0].body))["detail"]


def test_audit_shows_the_newest_first_as_sentences(auditor):
    write(created(1))
    write(Event(action="batch.held", batch="batch/417", subject="batch/417", result="held"))

    said = words(auditor.get("/audit/"))

    assert said.index("held batch B-0417") < said.index("assigned GDPR Essentials 2027 to Elif")
    assert "The whole log has not been checked yet." in said


def test_audit_pages_backwards_without_a_gap(auditor):
    write_log(120)

    first = auditor.get("/audit/")
    second = auditor.get(f"/audit/{first.context['older']}")
    third = auditor.get(f"/audit/{second.context['older']}")

    shown = [line.seq for page in (first, second, third) for line in page.context["lines"]]
    assert shown == list(range(LogHead.objects.get().size - 1, -1, -1))
    assert (first.context["newest"], third.context["older"]) == ("", "")
    assert second.context["newest"] == "?"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param({"text": "yilmaz"}, 2, id="a name without its accents"),
        pytest.param({"text": "NW-10379"}, 2, id="an employee number"),
        pytest.param({"text": "gdpr"}, 3, id="a title"),
        pytest.param({"text": "LMS-2"}, 1, id="a record of the LMS"),
        pytest.param({"person": "learner/13"}, 1, id="a person"),
        pytest.param({"batch": "B-0417"}, 4, id="a batch as people say it"),
        pytest.param({"action": "batch.held"}, 1, id="an action"),
        pytest.param({"subject": "assignment/1"}, 1, id="what it is about"),
        pytest.param({"since": "2026-11-24"}, 0, id="since a later day"),
        pytest.param({"since": "2026-11-23", "until": "2026-11-23", "batch": "417"}, 4, id="a day"),
        pytest.param({"text": "elif", "action": "batch.held"}, 0, id="everything must fit"),
    ],
)
def test_audit_finds(auditor, asked, found):
    amara = Person(ref="learner/13", name="Amara Okafor")
    held = Event(action="batch.held", batch="batch/417", subject="batch/417")
    write(created(1), created(2), created(3, amara), held)

    response = auditor.get("/audit/", asked)

    assert (response.context["count"], len(response.context["lines"])) == (found, found)
    assert ("No entries match" in words(response)) is (found == 0)


def test_audit_offers_to_remove_each_filter(auditor):
    response = auditor.get("/audit/", {"text": "elif", "action": "batch.held"})

    assert response.context["chips"] == [
        {"label": "Words", "value": "elif", "without": "?action=batch.held"},
        {"label": "Action", "value": "Batch held", "without": "?text=elif"},
    ]


def test_audit_says_what_it_did_not_understand(auditor):
    write(created(1))

    response = auditor.get("/audit/", {"since": "yesterday", "by": "nobody", "before": "x" * 9})

    assert "Enter the first day as 2026-11-23." in words(response)
    assert response.context["count"] == LogHead.objects.get().size


def test_a_search_is_recorded_without_the_words_in_clear(auditor):
    write(created(1))

    auditor.get("/audit/", {"text": "Elif", "batch": "B-0417"})

    assert actions()[-1] == ("log.searched", "log")
    assert last_detail() == {"entries": 1, "search": {"batch": "B-0417"}}


def test_looking_at_the_log_without_a_filter_is_not_recorded(auditor):
    before = actions()
    auditor.get("/audit/")
    auditor.get("/audit/", {"text": "", "before": "1"})
    assert actions() == before


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_audit_costs_the_same_however_many(auditor, django_assert_num_queries, count):
    write_log(count)
    with django_assert_num_queries(9):
        auditor.get("/audit/")


@pytest.mark.parametrize("action", sorted(SENTENCES))
def test_entry_of_every_action_has_a_page(auditor, action):
    seq = write(
        Event(
            action=action,
            subject="batch/417",
            result="done",
            batch="batch/417",
            people=(ELIF,),
            detail={"content": CONTENT, "people": 3, "counts": {"created": 1}},
        )
    )

    response = auditor.get(reverse("entry", args=[seq]))

    (heading,) = re.findall(r"<h1>(.*?)</h1>", response.content.decode(), re.DOTALL)
    assert heading.strip().startswith("Priya Mehta ")
    assert "{" not in heading
    assert "Its bytes are the ones that were recorded" in words(response)
    assert actions()[-1] == ("entry.read", f"entry/{seq}")


def test_entry_shows_what_was_recorded_and_the_evidence(auditor):
    request = {"learning_object_external_reference": "CRS-0977"}
    reply = {"body": {"data": {"id": "8187e5da"}}, "status": 201}
    seq = write(created(1, request=request, reply=reply))

    response = auditor.get(reverse("entry", args=[seq]))

    said = words(response)
    for fact in ("priya@northwind.example", "NW-10379", "B-0417", "LMS-1", "from 10.20.4.17"):
        assert fact in said
    assert response.context["evidence"] == {
        "request": json.dumps(request, indent=2),
        "reply": json.dumps(reply, indent=2),
    }
    assert LogEntry.objects.get(seq=seq).leaf.hex() in said


def test_entry_says_its_detail_in_words(auditor):
    detail = {
        "content": CONTENT,
        "counts": {"created": 40, "rejected": 2},
        "how": "read_back",
        "is_full": False,
        "progress": None,
        "remote_id": "LMS-1",
    }
    seq = write(Event(action="assignment.created", detail=detail))

    response = auditor.get(reverse("entry", args=[seq]))

    assert response.context["facts"] == [
        ("Content", "GDPR Essentials 2027, CRS-0977"),
        ("Counts", "created 40, rejected 2"),
        ("Confirmed by", "a look in the LMS"),
        ("Whole directory", "no"),
        ("LMS record", "LMS-1"),
    ]


def test_entry_of_an_erased_person_says_so(auditor):
    seq = write(created(1))
    PersonalValue.objects.filter(ref="learner/12").delete()

    said = words(auditor.get(reverse("entry", args=[seq])))

    assert "assigned GDPR Essentials 2027 to an erased person" in said
    assert "Its bytes are the ones that were recorded" in said


@pytest.mark.parametrize(
    ("seq", "neighbours"),
    [
        pytest.param(0, (None, 1), id="the first"),
        pytest.param(1, (0, 2), id="one in the middle"),
        pytest.param(2, (1, None), id="the last"),
    ],
)
def test_entry_leads_to_its_neighbours(auditor, seq, neighbours):
    write_log(3)
    assert auditor.get(reverse("entry", args=[seq])).context["neighbours"] == neighbours


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(tampering.edit_body, id="another body"),
        pytest.param(tampering.edit_leaf, id="another hash"),
    ],
)
def test_entry_that_was_altered_says_so(auditor, tamper):
    seq = write(created(1))
    tamper(seq, seq + 1)

    said = words(auditor.get(reverse("entry", args=[seq])))

    assert "This entry was altered" in said
    assert "Its bytes are the ones" not in said


@pytest.mark.parametrize("seq", [999, 10**30])
def test_entry_that_is_not_there_is_not_found(auditor, seq):
    before = actions()
    assert auditor.get(f"/audit/{seq}/").status_code == 404
    assert actions() == before


def test_verify_keeps_and_records_what_it_found(auditor):
    write_log(3)

    response = auditor.post("/audit/verify/")
    page = auditor.get(response["Location"])

    run = Verification.objects.get()
    assert (response.status_code, response["Location"]) == (302, "/audit/verify/")
    assert (run.verdict, run.size) == ("intact", LogHead.objects.get().size - 1)
    assert run.detail in words(page)
    assert actions()[-1] == ("log.verified", "log")


def test_verify_names_the_entry_that_was_altered_on_every_audit_page(auditor):
    seq = write_log(3)[1]
    tampering.edit_body(seq, seq + 2)

    auditor.post("/audit/verify/")

    found = f"Altered at entry {seq}: body does not match the tree."
    assert found in words(auditor.get("/audit/verify/"))
    assert f"The log was altered {found}" in words(auditor.get("/audit/"))


def test_verify_page_without_a_check_says_so(auditor):
    assert "The log has not been checked yet" in words(auditor.get("/audit/verify/"))


def test_export_as_csv_holds_what_the_search_finds(auditor):
    write(created(1), created(2), Event(action="batch.held", batch="batch/417"))

    response = auditor.post("/audit/export", {"format": "csv", "action": "assignment.created"})

    rows = list(csv.DictReader(io.StringIO(handed_out(response).decode("utf-8-sig"))))
    assert [row["LMS record"] for row in rows] == ["LMS-1", "LMS-2"]
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="audit-log-\d{8}-\d{6}\.csv"', response["Content-Disposition"]
    )
    assert actions()[-1] == ("log.exported", "log")
    assert last_detail() == {"entries": 2, "search": {"action": "assignment.created"}}


def test_export_as_lines_of_json_holds_the_whole_log(auditor):
    write_log(3)
    size = LogHead.objects.get().size

    response = auditor.post("/audit/export", {"format": "jsonl"})

    lines = [json.loads(line) for line in handed_out(response).splitlines()]
    assert [line["seq"] for line in lines[1:-1]] == list(range(size))
    assert (lines[0]["whole"], lines[-1]["size"]) == (True, size)


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        pytest.param("manager", "/audit/", 200, id="a manager reads"),
        pytest.param("manager", "/audit/verify/", 403, id="a manager does not verify"),
        pytest.param("manager", "/audit/export", 403, id="a manager does not export"),
        pytest.param("auditor", "/audit/verify/", 200, id="an auditor verifies"),
        pytest.param("auditor", "/audit/export", 200, id="an auditor exports"),
        pytest.param("admin", "/audit/verify/", 200, id="an administrator verifies"),
        pytest.param("admin", "/audit/export", 200, id="an administrator exports"),
    ],
)
def test_audit_pages_are_for_those_who_may(signed_in, role, path, status):
    client = signed_in(role)
    asked = client.post if path.endswith("export") else client.get
    response = asked(path)
    assert (response.status_code, bool(handed_out(response))) == (status, True)


@pytest.mark.parametrize("role", ["manager", "auditor"])
def test_audit_offers_only_what_the_role_may_do(signed_in, role):
    write(created(1))
    said = words(signed_in(role).get("/audit/"))
    offers = [offer for offer in ("as CSV", "JSON Lines", "Verify the log") if offer in said]
    assert offers == (["as CSV", "JSON Lines", "Verify the log"] if role == "auditor" else [])


def test_a_manager_who_verifies_or_exports_all_the_same_leaves_nothing(signed_in):
    client, before = signed_in("manager"), actions()
    client.post("/audit/verify/")
    client.post("/audit/export")
    assert (Verification.objects.count(), [a for a in actions() if a not in before]) == (0, [])


def test_a_batch_leads_to_its_entries(auditor):
    batch = make_batch(["created"])
    write(Event(action="batch.held", batch=f"batch/{batch.pk}"))

    page = auditor.get(reverse("batch", args=[batch.pk])).content.decode()
    link, *_ = re.findall(r'href="(/audit/\?batch=[^"]+)"', page)

    assert [line.action for line in auditor.get(link).context["lines"]] == ["batch.held"]
