"""Export formats: CSV and workbooks without formulas, and verifiable JSON Lines."""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Buffer
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from assignments.audit.entries.actors import Person
from assignments.audit.export import xlsx_format
from assignments.audit.export.csv_format import escape_formula, to_csv_lines
from assignments.audit.export.formats import ExportContext, Format, export_log, write_entries
from assignments.audit.export.scope import CHUNK, select_entries, unsealed_extent
from assignments.audit.log import record, record_all
from assignments.audit.search.parser import parse
from assignments.audit.search.query import Query
from assignments.models import LogEntry, PersonalValue
from tests import log_tampering
from tests.log_fixtures import AT, ELIF, PRIYA, created, write_log

CONTEXT = ExportContext(by=PRIYA, now=AT, folder=Path(tempfile.gettempdir()))


def export(query: Query, form: Format, out: io.BytesIO) -> int:
    return write_entries(form, select_entries(query, unsealed_extent()), out, CONTEXT)


def export_text(form: Format, query: Query = Query()) -> str:  # noqa: B008  it never changes
    out = io.BytesIO()
    export(query, form, out)
    return out.getvalue().decode()


def test_csv_row_of_an_entry(db: None, settings) -> None:
    settings.TIME_ZONE = "America/New_York"
    with transaction.atomic():
        record(created(77, problem="=1+1"), by=PRIYA, at=AT)

    text = export_text("csv")

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
    ("cell", "escaped"),
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
def test_escape_formula(cell: str, escaped: str) -> None:
    assert escape_formula(cell) == escaped


def test_a_name_that_looks_like_a_formula_stays_text(db: None) -> None:
    mallory = Person(ref="learner/6", name='=HYPERLINK("http://evil.example")')
    with transaction.atomic():
        record(created(1, mallory), by=PRIYA, at=AT)

    row = next(csv.DictReader(io.StringIO(export_text("csv").removeprefix("\ufeff"))))

    assert row["Person"] == '\'=HYPERLINK("http://evil.example")'


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_csv_cells_round_trip_and_are_never_formulas(cells: list[str]) -> None:
    text = to_csv_lines([cells]).encode(errors="replace").decode()
    (back,) = csv.reader(io.StringIO(text, newline=""))

    for cell, read in zip(cells, back, strict=True):
        assert not read.lstrip().startswith(("=", "+", "-", "@"))
        assert read.removeprefix("'") in {cell.encode(errors="replace").decode(), cell[1:]}


HOSTILE = [
    '=HYPERLINK("http://evil.example")', "+44 20", "@SUM(1)", "<r>bold</r>", "1e5", "0012",
    "http://evil.example", "TRUE", "a\x0bb", "=1+1", "<b>&amp;", " Amara",
]  # fmt: skip


def test_a_workbook_holds_text_only_and_continues_on_a_new_sheet(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_format, "SHEET_ROWS", 6)
    with transaction.atomic():
        people = [Person(ref=f"learner/{n}", name=name) for n, name in enumerate(HOSTILE)]
        record_all([created(n, person) for n, person in enumerate(people)], by=PRIYA, at=AT)
    out = io.BytesIO()

    assert export(Query(), "xlsx", out) == len(HOSTILE)

    out.seek(0)
    book = CalamineWorkbook.from_filelike(out)
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    names = [str(row[sheets[0][0].index("Person")]) for sheet in sheets for row in sheet[1:]]
    assert [len(sheet) - 1 for sheet in sheets] == [5, 5, 2]
    assert names == [xlsx_format.as_text(name) for name in HOSTILE]
    with zipfile.ZipFile(out) as parts:
        assert b"<f>" not in b"".join(map(parts.read, parts.namelist()))


def test_a_text_too_long_for_a_cell_is_truncated() -> None:
    long = xlsx_format.as_text("a" * 40_000)
    assert (len(long) <= 32_767, long.endswith(xlsx_format.TRUNCATED)) == (True, True)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_export_is_oldest_first_across_chunks(db: None, form: Format) -> None:
    write_log(CHUNK + 2)
    out = io.BytesIO()

    assert export(Query(), form, out) == CHUNK + 2
    seqs = [line.split(b",")[0].split(b" ")[-1] for line in out.getvalue().splitlines()]
    assert [int(seq) for seq in seqs if seq.isdigit()][: CHUNK + 2] == list(range(CHUNK + 2))


@pytest.mark.parametrize("size", [1, 30], ids=["one row", "thirty rows"])
def test_export_costs_the_same_queries(db: None, django_assert_num_queries, size: int) -> None:
    write_log(size)

    with django_assert_num_queries(5):
        export(Query(), "csv", io.BytesIO())


def test_jsonl_holds_the_exact_bodies_and_the_tree(db: None) -> None:
    write_log(2)

    first, *entries, last = [json.loads(line) for line in export_text("jsonl").splitlines()]

    assert first == {
        "kind": "assignment-desk-log",
        "version": 2,
        "exported_at": "2026-11-23T10:43:00.123456Z",
        "search": "",
        "is_whole_log": True,
        "seal": "",
        "adopted": [],
    }
    assert entries == [
        {"seq": entry.seq, "leaf": bytes(entry.leaf).hex(), "body": bytes(entry.body).decode()}
        for entry in LogEntry.objects.order_by("seq")
    ]
    assert (last["entries"], last["size"], len(last["roots"])) == (2, 2, 1)


def test_export_log_is_recorded_with_a_redacted_search(db: None) -> None:
    write_log(3)
    query = parse("elif person:learner/12 action:created", today=AT.date())

    written = export_log(query=query, format="csv", context=CONTEXT, out=io.BytesIO())

    entry = log_tampering.body(4)
    assert (written, entry["action"], entry["result"]) == (1, "log.exported", "csv")
    assert entry["detail"] == {"entries": 1, "search": "… person:learner/12 action:created"}
    clear = dict(PersonalValue.objects.values_list("commitment", "value"))
    search = entry["people"][0]
    assert clear[search["name"]["commit"]] == "elif person:learner/12 action:created"


def test_entries_appended_during_an_export_are_left_out(db: None) -> None:
    write_log(2)

    class Appending(io.BytesIO):
        def write(self, piece: Buffer, /) -> int:
            write_log(1)
            return super().write(piece)

    out = Appending()
    assert export(Query(), "jsonl", out) == 2
