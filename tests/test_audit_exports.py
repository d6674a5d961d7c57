"""Exports: a spreadsheet that is read, and lines of JSON that prove themselves."""

import csv
import io
import json
from collections.abc import Buffer

import pytest
from django.db import transaction

from assignments.audit.actors import Person
from assignments.audit.exports import CHUNK, Format, export, export_log
from assignments.audit.log import record
from assignments.audit.search import Search
from assignments.audit.spreadsheet import safe
from assignments.models import LogEntry, PersonalValue
from tests import tampering
from tests.log_fixtures import AT, ELIF, PRIYA, created, write_log


def exported(form: Format, search: Search = Search()) -> str:  # noqa: B008  it never changes
    out = io.BytesIO()
    export(search, form, out, now=AT)
    return out.getvalue().decode()


def test_csv_says_who_did_what_when(db: None, settings) -> None:
    settings.TIME_ZONE = "America/New_York"
    with transaction.atomic():
        record(created(77, problem="=1+1"), by=PRIYA, at=AT)

    text = exported("csv")

    assert text.startswith("\ufeffEntry,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows == [
        {
            "Entry": "0",
            "Time (America/New_York)": "2026-11-23 05:43:00",
            "Time (UTC)": "2026-11-23 10:43:00",
            "Done by": "Priya Mehta",
            "Done by: e-mail": "priya@northwind.example",
            "Done by: id": "user/1",
            "Through": "page",
            "What happened": f"assigned GDPR Essentials 2027 to {ELIF.name}",
            "Action": "assignment.created",
            "Result": "created",
            "Batch": "B-0417",
            "Person": ELIF.name,
            "Person: e-mail": ELIF.email,
            "Person: reference": ELIF.reference,
            "Content": "GDPR Essentials 2027",
            "Content: reference": "CRS-0977",
            "LMS record": "LMS-77",
            "Problem": "'=1+1",
            "Subject": "assignment/77",
            "Account": "acme",
            "Request": PRIYA.request_id,
        }
    ]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        pytest.param("=HYPERLINK(1)", "'=HYPERLINK(1)", id="a formula"),
        pytest.param("+44 20", "'+44 20", id="plus"),
        pytest.param("-1", "'-1", id="minus"),
        pytest.param("@SUM", "'@SUM", id="at"),
        pytest.param("\t=1", "'\t=1", id="tab"),
        pytest.param("\r=1", "'\r=1", id="carriage return"),
        pytest.param("a=1", "a=1", id="harmless"),
        pytest.param("", "", id="empty"),
    ],
)
def test_safe(cell: str, written: str) -> None:
    assert safe(cell) == written


def test_a_name_that_is_a_formula_stays_text(db: None) -> None:
    mallory = Person(ref="learner/6", name='=HYPERLINK("http://evil.example")')
    with transaction.atomic():
        record(created(1, mallory), by=PRIYA, at=AT)

    row = next(csv.DictReader(io.StringIO(exported("csv").removeprefix("\ufeff"))))

    assert row["Person"] == '\'=HYPERLINK("http://evil.example")'


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_export_goes_oldest_first_and_beyond_a_chunk(db: None, form: Format) -> None:
    write_log(CHUNK + 2)
    out = io.BytesIO()

    assert export(Search(), form, out, now=AT) == CHUNK + 2
    seqs = [line.split(b",")[0].split(b" ")[-1] for line in out.getvalue().splitlines()]
    assert [int(seq) for seq in seqs if seq.isdigit()][: CHUNK + 2] == list(range(CHUNK + 2))


@pytest.mark.parametrize("size", [1, 30], ids=["one row", "thirty rows"])
def test_export_costs_the_same_queries(db: None, django_assert_num_queries, size: int) -> None:
    write_log(size)

    with django_assert_num_queries(4):
        export(Search(), "csv", io.BytesIO(), now=AT)


def test_jsonl_holds_the_exact_bodies_and_the_tree(db: None) -> None:
    write_log(2)

    first, *entries, last = [json.loads(line) for line in exported("jsonl").splitlines()]

    assert first == {
        "kind": "assignment-desk-log",
        "version": 1,
        "exported_at": "2026-11-23T10:43:00.123456Z",
        "search": {},
        "whole": True,
    }
    assert entries == [
        {"seq": entry.seq, "leaf": bytes(entry.leaf).hex(), "body": bytes(entry.body).decode()}
        for entry in LogEntry.objects.order_by("seq")
    ]
    assert (last["entries"], last["size"], len(last["roots"])) == (2, 2, 1)


def test_export_log_leaves_an_entry_without_the_words_that_may_name_a_person(db: None) -> None:
    write_log(3)
    search = Search(text="elif", person="learner/12", action="assignment.created")

    written = export_log(search=search, format="csv", by=PRIYA, now=AT, out=io.BytesIO())

    told = tampering.body(3)
    assert (written, told["action"], told["result"]) == (1, "log.exported", "csv")
    assert told["detail"] == {"entries": 1, "search": {"action": "assignment.created"}}
    clear = dict(PersonalValue.objects.values_list("commitment", "value"))
    sought = told["people"][0]
    assert [clear[sought[name]["commit"]] for name in ("name", "reference")] == [
        "elif",
        "learner/12",
    ]


def test_what_is_appended_during_an_export_is_not_in_it(db: None) -> None:
    write_log(2)

    class Appending(io.BytesIO):
        def write(self, piece: Buffer, /) -> int:
            write_log(1)
            return super().write(piece)

    out = Appending()
    assert export(Search(), "jsonl", out, now=AT) == 2
