"""Pages of the audit log: search, one entry, verification and export."""

import csv
import hashlib
import io
import json
import re

import pytest
from django.core.management import call_command
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from assignments.audit.entries.sentences import SENTENCES
from assignments.audit.log import Event, record_all
from assignments.audit.search.query import FIELDS
from assignments.models import LogEntry, LogExport, LogHead, PersonalValue, Verification
from assignments.services.exporting import job
from tests import log_tampering
from tests.factories import make_batch, make_content, make_user
from tests.log_fixtures import (
    AT,
    CONTENT,
    ELIF,
    PRIYA,
    SEARCHES,
    created,
    write_log,
    write_searched_entries,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client):
    """Return a function that returns a client with a user of a role signed in."""

    def sign_in(role):
        client.force_login(make_user(role))
        return client

    return sign_in


@pytest.fixture
def auditor(signed_in):
    """Return a signed-in auditor's client."""
    return signed_in("auditor")


def words(response):
    """Return the text of a page, without markup and on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def file_bytes(response):
    """Return the content of a downloaded file."""
    return b"".join(response)


def download_export(auditor, **fields):
    """Request an export on the page, run a worker, and return the download."""
    auditor.post("/audit/export", fields)
    export = LogExport.objects.latest("pk")
    job.write_export(export=export, clock=timezone.now, may_go_on=lambda: True)
    return auditor.get(f"/exports/{export.pk}/file")


def write(*events):
    """Append entries and return the number of the first."""
    with transaction.atomic():
        return record_all(events, by=PRIYA, at=AT).start


def actions():
    """Return the action and subject of every entry, oldest first."""
    return list(LogEntry.objects.order_by("seq").values_list("action", "subject"))


def last_detail():
    """Return the detail of the newest entry."""
    return json.loads(bytes(LogEntry.objects.order_by("-seq")[0].body))["detail"]


def test_audit_lists_entries_as_sentences_newest_first(auditor):
    write(created(1))
    write(Event(action="batch.held", batch="batch/417", subject="batch/417", result="held"))

    text = words(auditor.get("/audit/"))

    assert text.index("put batch B-0417 on hold") < text.index(
        "assigned GDPR Essentials 2027 to Elif"
    )
    assert "The whole log has not been checked yet." in text


def test_audit_shows_results_in_words(auditor):
    write(Event(action="session.ended", result="signed_out"))
    assert "ended a session of somebody Signed out" in words(auditor.get("/audit/"))


def test_audit_pages_backwards_without_a_gap(auditor):
    write_log(120)

    first = auditor.get("/audit/")
    second = auditor.get(first.context["older"])
    third = auditor.get(second.context["older"])

    shown = [line.seq for page in (first, second, third) for line in page.context["lines"]]
    assert shown == list(range(LogHead.objects.get().size - 1, -1, -1))
    assert (first.context["newest"], third.context["older"]) == ("", "")
    assert second.context["newest"] == "/audit/"


@pytest.mark.parametrize(("query", "count"), SEARCHES)
def test_page_export_and_command_return_the_same(auditor, tmp_path, query, count):
    write_searched_entries()

    page = auditor.get("/audit/", {"q": query})
    file = file_bytes(download_export(auditor, format="csv", q=query))
    call_command("audit", "export", "--format=csv", f"--query={query}", "-o", tmp_path / "log.csv")

    assert (page.context["count"], len(page.context["lines"])) == (count, count)
    assert ("No entries match" in words(page)) is (count == 0)
    assert file == (tmp_path / "log.csv").read_bytes()
    assert len(file.splitlines()) == count + 1


def test_audit_offers_to_remove_each_filter(auditor):
    write(created(1))

    response = auditor.get("/audit/", {"q": "elif -person:learner/12 when:2026-11"})

    without = [chip["without"] for chip in response.context["chips"]]
    assert without == [
        "/audit/?q=-person%3Alearner%2F12+when%3A2026-11",
        "/audit/?q=elif+when%3A2026-11",
        "/audit/?q=elif+-person%3Alearner%2F12",
    ]
    text = words(response)
    assert f"not Person: {ELIF.name}" in text
    assert "Recorded: 2026-11 1 Nov 2026 – 30 Nov 2026" in text


@pytest.mark.parametrize(
    ("params", "address"),
    [
        pytest.param({"q": "elif", "by": "system"}, "/audit/?q=elif+by%3Asystem", id="joins"),
        pytest.param(
            {"q": "action:held -action:created", "action": "batch.paused", "by": "", "when": ""},
            "/audit/?q=-action%3Acreated+action%3Abatch.paused",
            id="takes the place of its own kind",
        ),
        pytest.param({"q": "colour:red", "when": "today"}, "/audit/?q=colour%3Ared+when%3Atoday"),
        pytest.param({"q": " ", "by": "nobody"}, "/audit/", id="what is not offered is left out"),
    ],
)
def test_a_menu_of_the_audit_page_adds_to_the_query(auditor, params, address):
    response = auditor.get("/audit/", params)

    assert (response.status_code, response["Location"]) == (302, address)


def test_audit_points_at_a_syntax_error(auditor):
    write(created(1))
    before = actions()

    response = auditor.get("/audit/", {"q": "elif when:2026-13"})
    exported = auditor.post("/audit/export", {"format": "csv", "q": "elif when:2026-13"})

    text = words(response)
    assert "This search was not understood. There is no month 13." in text
    assert "elif when: 2026-13 At character 11." in text
    assert response.content.decode().count("<mark>2026-13</mark>") == 1
    assert "lines" not in response.context
    assert exported["Location"] == "/audit/?q=elif+when%3A2026-13"
    assert actions() == before


def test_audit_suggests_removing_filters_without_results(auditor):
    write(created(1), created(2))

    response = auditor.get("/audit/", {"q": "elif action:created batch:9"})
    alone = auditor.get("/audit/", {"q": "batch:9"})

    assert [(removal["term"], removal["count"]) for removal in response.context["remedies"]] == [
        ("batch:9", 2)
    ]
    assert "Without batch:9 there are 2 entries ." in words(response)
    assert 'href="/audit/?q=elif+action%3Acreated"' in response.content.decode()
    assert "Look for other or fewer words." in words(alone)


def test_audit_ignores_an_invalid_position(auditor):
    write(created(1))
    pages = [auditor.get("/audit/", {"before": odd}) for odd in ("x" * 9, "9" * 40)]
    assert [page.context["count"] for page in pages] == [LogHead.objects.get().size] * 2


def test_a_search_is_recorded_without_text_in_clear(auditor):
    write(created(1))

    auditor.get("/audit/", {"q": "Elif by:priya batch:B-0417"})

    assert actions()[-1] == ("log.searched", "log")
    assert last_detail() == {"entries": 1, "search": "… by:… batch:B-0417 show:outcomes"}


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        pytest.param("elif res", [("elif result:", "result:")], id="the name of a qualifier"),
        pytest.param("-p", [("-person:", "person:")], id="after a minus"),
        pytest.param("by:sys", [("by:system ", "by:system")], id="who may act"),
        pytest.param("result:rej", [("result:rejected ", "result:rejected")], id="a result"),
        pytest.param("x when:last-q", [("x when:last-quarter ", "when:last-quarter")], id="days"),
        pytest.param("action:seal", [("action:log.sealed ", "action:log.sealed")], id="an action"),
        pytest.param("content:gdp", [("content:CRS-0977 ", "content:CRS-0977")], id="content"),
        pytest.param("person:el", [], id="no names of people"),
        pytest.param('"fire saf', [], id="words are one's own"),
        pytest.param('x "a" "b', [], id="inside a quotation"),
        pytest.param('x a"b', [], id="after a stray quotation mark"),
        pytest.param("by:system x:", [], id="of no qualifier"),
    ],
)
def test_completions_complete_the_last_term(auditor, typed, offered):
    make_content(external_reference="CRS-0977", title="GDPR", search_text="gdpr crs-0977")

    response = auditor.get("/audit/completions", {"q": typed})

    assert [
        (completion.query, completion.inserted) for completion in response.context["offers"]
    ] == offered


def test_completions_of_an_empty_query_are_all_fields(auditor):
    things = auditor.get("/audit/completions", {"q": "action:"}).context["offers"]
    fields = auditor.get("/audit/completions", {"q": ""}).context["offers"]

    assert [completion.inserted for completion in things][:2] == [
        "action:access_token",
        "action:account",
    ]
    assert [completion.inserted for completion in fields] == [f"{name}:" for name in FIELDS]


def test_opening_the_log_without_a_query_is_not_recorded(auditor):
    before = actions()
    auditor.get("/audit/")
    auditor.get("/audit/", {"q": "", "before": "1"})
    assert actions() == before


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_audit_costs_the_same_queries_whatever_its_size(auditor, django_assert_num_queries, count):
    write_log(count)
    with django_assert_num_queries(11):
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
    seq = write(created(1, request=request, response=reply))

    response = auditor.get(reverse("entry", args=[seq]))

    text = words(response)
    for fact in ("priya@northwind.example", "NW-10379", "B-0417", "LMS-1", "from 10.20.4.17"):
        assert fact in text
    assert response.context["evidence"] == {
        "request": json.dumps(request, indent=2),
        "response": json.dumps(reply, indent=2),
    }
    assert LogEntry.objects.get(seq=seq).leaf.hex() in text


def test_entry_shows_its_detail_in_words(auditor):
    detail = {
        "content": CONTENT,
        "counts": {"created": 40, "rejected": 2},
        "confirmed_by": "read_back",
        "is_full": False,
        "progress": None,
        "remote_id": "LMS-1",
    }
    seq = write(Event(action="assignment.created", detail=detail))

    response = auditor.get(reverse("entry", args=[seq]))

    assert response.context["facts"] == [
        ("Confirmed by", "a read-back from the LMS"),
        ("Content", "GDPR Essentials 2027, CRS-0977"),
        ("Counts", "created 40, rejected 2"),
        ("Whole directory", "no"),
        ("LMS record", "LMS-1"),
    ]


def test_entry_of_an_erased_person(auditor):
    seq = write(created(1))
    PersonalValue.objects.filter(ref="learner/12").delete()

    text = words(auditor.get(reverse("entry", args=[seq])))

    assert "assigned GDPR Essentials 2027 to an erased person" in text
    assert "Its bytes are the ones that were recorded" in text


@pytest.mark.parametrize(
    ("seq", "neighbours"),
    [
        pytest.param(0, (None, 1), id="the first"),
        pytest.param(1, (0, 2), id="one in the middle"),
        pytest.param(2, (1, None), id="the last"),
    ],
)
def test_entry_links_to_its_neighbours(auditor, seq, neighbours):
    write_log(3)
    assert auditor.get(reverse("entry", args=[seq])).context["neighbours"] == neighbours


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(log_tampering.edit_body, id="another body"),
        pytest.param(log_tampering.edit_leaf, id="another hash"),
    ],
)
def test_entry_that_was_altered(auditor, tamper):
    seq = write(created(1))
    tamper(seq, seq + 1)

    text = words(auditor.get(reverse("entry", args=[seq])))

    assert "This entry was altered" in text
    assert "Its bytes are the ones" not in text


@pytest.mark.parametrize("seq", [999, 10**30])
def test_unknown_entry_is_not_found(auditor, seq):
    before = actions()
    assert auditor.get(f"/audit/{seq}/").status_code == 404
    assert actions() == before


def test_verify_saves_and_records_its_verdict(auditor):
    write_log(3)

    response = auditor.post("/audit/verify/")
    page = auditor.get(response["Location"])

    run = Verification.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/audit/verify/{run.pk}/")
    assert (run.verdict, run.size) == ("not sealed", LogHead.objects.get().size - 1)
    assert run.detail in words(page)
    assert actions()[-1] == ("log.verified", "log")


def test_every_audit_page_names_an_altered_entry(auditor):
    seq = write_log(3)[1]
    before = auditor.post("/audit/verify/")["Location"]
    log_tampering.edit_body(seq, seq + 2)

    now = auditor.post("/audit/verify/")["Location"]

    expected = f"The log was altered Altered at entry {seq}: body does not match the tree."
    pages = [
        "/audit/",
        "/audit/verify/",
        f"/audit/{seq}/",
        "/exports/",
        "/audit/sample",
        before,
    ]
    assert [page for page in pages if expected not in words(auditor.get(page))] == []
    assert words(auditor.get(now)).count("Altered at entry") == 1


def test_verify_page_without_a_verification(auditor):
    assert "The log has not been checked yet" in words(auditor.get("/audit/verify/"))


def test_export_as_csv_has_the_search_results(auditor):
    write(created(1), created(2), Event(action="batch.held", batch="batch/417"))

    response = download_export(auditor, format="csv", q="action:created")

    rows = list(csv.DictReader(io.StringIO(file_bytes(response).decode("utf-8-sig"))))
    assert [row["LMS record"] for row in rows] == ["LMS-1", "LMS-2"]
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="audit-log-\d{8}-\d{6}\.csv"', response["Content-Disposition"]
    )
    recorded = [action for action, _ in actions()[-3:]]
    assert recorded == ["export.requested", "log.exported", "export.downloaded"]
    assert (last_detail()["entries"], last_detail()["search"]) == (2, "action:created")


def test_export_as_json_lines_has_the_whole_log(auditor):
    write_log(3)
    size = LogHead.objects.get().size

    response = download_export(auditor, format="jsonl")

    lines = [json.loads(line) for line in file_bytes(response).splitlines()]
    assert [line["seq"] for line in lines[1:-2]] == list(range(size))
    assert (lines[0]["is_whole_log"], lines[-2]["size"]) == (True, size)
    assert lines[-1]["signature"].startswith(f"PeterNeumann\nexport\n{size}\n")


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        pytest.param("manager", "/audit/", 200, id="a manager reads"),
        pytest.param("manager", "/audit/verify/", 403, id="a manager does not verify"),
        pytest.param("manager", "/audit/export", 403, id="a manager does not export"),
        pytest.param("auditor", "/audit/verify/", 200, id="an auditor verifies"),
        pytest.param("auditor", "/audit/export", 302, id="an auditor exports"),
        pytest.param("admin", "/audit/verify/", 200, id="an administrator verifies"),
        pytest.param("admin", "/audit/export", 302, id="an administrator exports"),
    ],
)
def test_audit_pages_require_the_permission(signed_in, role, path, status):
    client = signed_in(role)
    request = client.post if path.endswith("export") else client.get
    assert request(path, {"format": "csv"}).status_code == status


@pytest.mark.parametrize("role", ["manager", "auditor"])
def test_audit_offers_only_permitted_actions(signed_in, role):
    write(created(1))
    text = words(signed_in(role).get("/audit/"))
    offers = [offer for offer in ("as CSV", "JSON Lines", "Verify the log") if offer in text]
    assert offers == (["as CSV", "JSON Lines", "Verify the log"] if role == "auditor" else [])


def test_a_manager_cannot_verify_or_export(signed_in):
    client, before = signed_in("manager"), actions()
    client.post("/audit/verify/")
    client.post("/audit/export")
    assert (Verification.objects.count(), [a for a in actions() if a not in before]) == (0, [])


def test_a_batch_links_to_its_entries(auditor):
    batch = make_batch(["created"])
    write(Event(action="batch.held", batch=batch.ref))

    page = auditor.get(reverse("batch", args=[batch.number])).content.decode()
    link, *_ = re.findall(r'href="(/audit/\?q=batch:[^"]+)"', page)

    assert [line.action for line in auditor.get(link).context["lines"]] == ["batch.held"]


def test_verify_page_seals_and_shows_key_and_seals(auditor):
    write_log(3)

    response = auditor.post("/audit/seal")

    text = words(auditor.get(response["Location"]))
    assert "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW" in text
    assert actions()[-1] == ("log.sealed", "seal/1")


def test_verify_page_says_why_sealing_failed(auditor, settings):
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_OWN_KEY_FILE = "", None

    for path, data in (("/audit/seal", {}), ("/audit/export", {"format": "pack"})):
        response = auditor.post(path, data)
        assert response.status_code == 409
        assert "AUDIT_SIGNING_KEY is not set, so the log cannot be sealed." in words(response)


def test_an_uploaded_pack_is_verified(auditor):
    write_log(3)
    pack = file_bytes(download_export(auditor, format="pack", q="#1"))

    response = auditor.post("/audit/verify/file", {"file": io.BytesIO(pack)})

    assert "Intact: 1 entry, each of them proven to be in the log" in words(response)
    assert actions()[-1] == ("log.file_verified", "log")
    assert last_detail()["sha256"] == hashlib.sha256(pack).hexdigest()


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\0\xff\xfe", id="no text"),
        pytest.param(b"PK\3\4" + bytes(100), id="a damaged ZIP"),
        pytest.param(b'{"kind": "\\ud800\\u0000"}\n', id="a lone surrogate and NUL"),
        pytest.param(
            b'{"kind": "assignment-desk-log", "version": 2, "is_whole_log": true, "adopted": [], '
            b'"seal": "Other\\u0000\\ud800\\n1\\nAA==\\n\\n\\u2014 a\\u0000\\ud800 AAAAAA==\\n"}\n'
            b'{"entries": 0, "size": 0, "roots": []}\n',
            id="a seal by a name with NUL",
        ),
        pytest.param(b'{"a": ' + b"[" * 100_000, id="deep nesting"),
    ],
)
def test_an_uploaded_file_of_any_kind_ends_in_a_recorded_verdict(auditor, raw):
    response = auditor.post("/audit/verify/file", {"file": io.BytesIO(raw)})

    assert response.status_code == 200
    assert actions()[-1] == ("log.file_verified", "log")
    assert last_detail()["verdict"] in words(response)
    assert last_detail()["sha256"] == hashlib.sha256(raw).hexdigest()


def test_a_file_too_large_to_upload_is_refused_and_recorded(auditor, monkeypatch):
    monkeypatch.setattr("assignments.views.upload_limit.LIMIT", 10)

    response = auditor.post("/audit/verify/file", {"file": io.BytesIO(b"more than that")})

    assert response.status_code == 200
    assert "MB and was not verified here. Verify it with verify.py" in words(response)
    assert actions()[-1] == ("log.file_verified", "log")


def test_a_verification_without_a_file_says_what_to_do(auditor):
    response = auditor.post("/audit/verify/file")

    assert response.status_code == 400
    assert "Choose an evidence pack or a JSON Lines export first." in words(response)


def test_a_long_verification_runs_in_a_worker_with_progress(auditor, monkeypatch):
    write_log(3)
    monkeypatch.setattr("assignments.audit.verification.jobs.MAX_IN_REQUEST", 1)

    response = auditor.post("/audit/verify/")
    Verification.objects.update(checked=2)

    page = auditor.get(response["Location"])
    assert re.search(r"2 of \d entries\. You can close this page", words(page))
    assert 'hx-trigger="tick from:body"' in page.content.decode()
    assert auditor.get("/audit/verify/999/").status_code == 404


@pytest.mark.parametrize("path", ["/audit/seal", "/audit/verify/file", "/audit/verify/"])
def test_a_manager_cannot_seal_or_verify(signed_in, path):
    assert signed_in("manager").post(path).status_code == 403
