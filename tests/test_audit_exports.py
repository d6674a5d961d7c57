"""Exports: a spreadsheet that is read, and lines of JSON that prove themselves."""

import csv
import io
import json
from collections.abc import Buffer
from pathlib import Path

import pytest
from django.db import transaction

from assignments.audit.actors import Person
from assignments.audit.exported import NotAnExport, verify_export
from assignments.audit.exports import CHUNK, Format, export, export_log
from assignments.audit.log import record
from assignments.audit.search import Search
from assignments.audit.spreadsheet import safe
from assignments.audit.verdicts import Altered, HeadMismatch, How, Intact, Unproven, Verdict
from assignments.models import LogEntry, PersonalValue
from tests import tampering
from tests.log_fixtures import AT, ELIF, PRIYA, created, write_log

SIZE = 11
Lines = list[str]


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


@pytest.fixture
def lines(db: None) -> Lines:
    """Return the lines of an export of a whole log."""
    write_log(SIZE)
    return exported("jsonl").splitlines()


def verdict(lines: Lines, folder: Path) -> Verdict:
    file = folder / "log.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return verify_export(file)


def edited(line: str, **values: object) -> str:
    return json.dumps({**json.loads(line), **values}, ensure_ascii=False)


def test_verify_export_of_the_whole_log(lines: Lines, tmp_path: Path) -> None:
    assert verdict(lines, tmp_path) == Intact(SIZE, json.loads(lines[-1])["root"])


def test_verify_export_of_an_empty_log(db: None, tmp_path: Path) -> None:
    found = verdict(exported("jsonl").splitlines(), tmp_path)

    assert isinstance(found, Intact)
    assert found.size == 0


def test_verify_export_of_a_part_proves_no_more_than_it_can(lines: Lines, tmp_path: Path) -> None:
    part = exported("jsonl", Search(text="elif")).splitlines()

    found = verdict(part, tmp_path)

    assert found == Unproven(4)
    assert found.sentence.startswith("Not proven: each of the 4 entries matches its own hash")
    swapped = [part[0], part[2], part[1], *part[3:]]
    assert verdict(swapped, tmp_path) == Altered(0, How.OUT_OF_ORDER)
    assert verdict([*part[:2], *part[3:]], tmp_path) == HeadMismatch(3, 4)
    assert verdict([*part[:2], edited(part[2], body="{}"), *part[3:]], tmp_path) == Altered(
        3, How.BODY
    )


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(
            lambda lines: [*lines[:5], lines[5].replace("GDPR", "GDPX"), *lines[6:]],
            Altered(4, How.BODY),
            id="an edited entry",
        ),
        pytest.param(
            lambda lines: [*lines[:5], *lines[6:]], Altered(4, How.MISSING), id="a missing entry"
        ),
        pytest.param(
            lambda lines: [*lines[:6], *lines[5:]],
            Altered(5, How.OUT_OF_ORDER),
            id="an entry twice",
        ),
        pytest.param(
            lambda lines: [*lines[:-2], lines[-1]],
            HeadMismatch(SIZE - 1, SIZE),
            id="the last entry missing",
        ),
        pytest.param(lambda lines: lines[:-1], HeadMismatch(SIZE, None), id="no last line"),
        pytest.param(
            lambda lines: [*lines[:-2], edited(lines[-1], entries=SIZE - 1)],
            HeadMismatch(SIZE - 1, SIZE),
            id="the last entry missing, the number made to fit",
        ),
    ],
)
def test_verify_export_finds(lines: Lines, tmp_path: Path, change, found: Verdict) -> None:
    assert verdict(change(lines), tmp_path) == found


def test_verify_export_finds_an_entry_whose_hash_was_made_to_fit(
    lines: Lines, tmp_path: Path
) -> None:
    with transaction.atomic():
        tampering.edit_body_and_leaf(9, SIZE)
        forged = exported("jsonl").splitlines()
    changed = [*lines[:10], forged[10], *lines[11:]]

    assert verdict(changed, tmp_path) == Altered(8, How.BODY, 9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda lines: ["a,b", *lines], "Line 1 of the file cannot", id="no JSON"),
        pytest.param(lambda lines: ["[]", *lines], "Line 1 of the file cannot", id="a list"),
        pytest.param(lambda lines: lines[1:], "no export of this log", id="no heading"),
        pytest.param(lambda lines: [], "Line 1 of the file cannot", id="empty"),
        pytest.param(
            lambda lines: [*lines[:3], lines[3][:50]], "Line 4 of the file cannot", id="cut off"
        ),
        pytest.param(
            lambda lines: [*lines[:3], '{"seq": 2}', *lines[4:]],
            "Line 4 of the file is not as it was written",
            id="half a line",
        ),
        pytest.param(
            lambda lines: [*lines[:-1], edited(lines[-1], root="00")],
            f"Line {SIZE + 2} of the file is not as it was written",
            id="roots that do not give the root",
        ),
    ],
)
def test_verify_export_refuses(lines: Lines, tmp_path: Path, change, said: str) -> None:
    with pytest.raises(NotAnExport, match=said):
        verdict(change(lines), tmp_path)


def test_verify_export_refuses_what_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_bytes(b"\xff\xfe")

    with pytest.raises(NotAnExport, match="not text in UTF-8"):
        verify_export(file)
