"""Uploaded files: reading CSV and XLSX, detecting columns, validating and storing rows."""

import csv
import io
import os
import zipfile
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignments.models import Draft, DraftFile, DraftLearner, DraftRow, DraftUpload
from assignments.services.picking.uploads import (
    compression,
    draft_rows,
    files,
    reader,
    xlsx_archive,
)
from assignments.services.picking.uploads.column_detection import Columns
from assignments.services.picking.uploads.errors import UploadRefused
from tests.factories import AT, make_account, make_content, make_learner, make_user
from tests.xlsx_files import with_parts, workbook

pytestmark = pytest.mark.django_db
MANY = int(os.environ.get("LIST_EXAMPLES", "200"))
SHEET = "xl/worksheets/sheet2.xml"
LATER = AT + timedelta(minutes=5)


def read(content):
    """Return the rows of a file, first the heading."""
    table = reader.open_table(0, io.BytesIO(content))
    return [(table.heading_row, table.heading), *table.rows]


PEOPLE = [(1, ["E-mail", "Name"]), (2, ["é@x.example", "Zoë"]), (3, ["b@x.example", "Ben"])]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]
)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old"])
def test_csv_is_read_in_any_encoding(encoding, separator, end):
    text = end.join(separator.join(row) for _, row in PEOPLE)

    assert read(text.encode(encoding)) == PEOPLE  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param(
            'id,note\n1a,"two\nlines, and ""more"""\n2b,',
            [(2, ["1a", 'two\nlines, and "more"']), (3, ["2b", ""])],
            id="quoted lines",
        ),
        pytest.param("sep=;\nid;note\n1a;b,c", [(3, ["1a", "b,c"])], id="declared separator"),
        pytest.param("SEP=;\r\nid;note\r\n1a;b,c", [(3, ["1a", "b,c"])], id="in capitals"),
        pytest.param("sep=\t\nid\tnote\n1a\tb,c", [(3, ["1a", "b,c"])], id="a declared tab"),
        pytest.param('"sep=|"\nid|note\n1a|b,c', [(3, ["1a", "b,c"])], id="quoted"),
        pytest.param("\n\nid,note\n\n,\n1a,b", [(6, ["1a", "b"])], id="empty rows count"),
        pytest.param("id\n1a\n2b", [(2, ["1a"]), (3, ["2b"])], id="one column"),
        pytest.param("id,x\n '=1+1 ,\u200bA", [(2, ["=1+1", "A"])], id="invisible characters"),
    ],
)
def test_csv_rows_have_their_number_in_the_file(text, rows):
    assert read(text.encode())[1:] == rows  # fmt: skip


def test_cells_of_a_workbook_are_read_as_text():
    rows: list[list[Any]] = [
        ["ID", "Due", "Yes", "Part"],
        [10305, date(2027, 1, 15), True, 0.5],
        [],
        ["b", "=1+1"],
    ]
    book = workbook(*rows, hidden=[["secret"]])

    assert read(book) == [
        (1, ["ID", "Due", "Yes", "Part"]),
        (2, ["10305", "2027-01-15", "TRUE", "0.5"]),
        (4, ["b", "0"]),
    ]


PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
BOOK = workbook(["E-mail"], ["a@x.example"])
PROTECTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
FAR = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
DEFINED = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>'


def zipped(**parts):
    """Return a ZIP archive; underscores in names stand for dots."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("_", "."), content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "This file is empty", id="empty"),
        pytest.param(b" \n,,\n", "There is nothing in this file", id="blank"),
        pytest.param(b"E-mail,Name\n", "has a heading and no rows", id="only a heading"),
        pytest.param(b"a@x.example\nb@x.example", "Row 1 looks like data", id="no heading"),
        pytest.param(b"NW-1,2027\nNW-2,1", "Row 1 looks like data", id="ids for a heading"),
        pytest.param(PICTURE, "This is a picture, whatever its name says", id="picture"),
        pytest.param(b"%PDF-1.7", "This is a PDF", id="pdf"),
        pytest.param(b"<html><table>", "This is a web page or XML", id="web page"),
        pytest.param(b"\xef\xbb\xbf \n<!DOCTYPE html>", "This is a web page", id="another"),
        pytest.param("<table>".encode("utf-16"), "This is a web page", id="UTF-16 page"),
        pytest.param(b'<?xml version="1.0"?><Workbook/>', "web page or XML", id="old XML"),
        pytest.param(b"\x00\x01\x02abc" * 9, "This is not a table", id="bytes"),
        pytest.param(
            b"\xff\xfea\x00\x00\xd8", "The text of this file is damaged", id="half a character"
        ),
        pytest.param(PROTECTED, "This workbook is protected by a password", id="encrypted"),
        pytest.param(PROTECTED[:8] + b"x" * 99, "of an old office program", id="xls"),
        pytest.param(BOOK[:-30], "This workbook is damaged", id="cut off"),
        pytest.param(zipped(a_txt="x"), "an archive or another office document", id="archive"),
        pytest.param(
            with_parts(BOOK, {SHEET: (b"<c ", b"<d <")}),
            "This workbook is damaged",
            id="broken xml",
        ),
        pytest.param(
            with_parts(
                BOOK, {SHEET: (b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', DEFINED)}
            ),
            "This workbook is damaged",
            id="entities",
        ),
        pytest.param(
            with_parts(BOOK, {SHEET: (b"</sheetData>", FAR)}),
            "This workbook holds too much",
            id="a cell far to the right",
        ),
        pytest.param(
            b'id,note\na,"never closed\nb,c\n',
            "Row 2 cannot be read: probably a quotation mark",
            id="open quotation",
        ),
        pytest.param(
            ",".join(f"c{'x' * n}" for n in range(501)).encode() + b"\na",
            "Upload at most 500 columns",
            id="wide",
        ),
    ],
)
def test_files_that_are_no_table_are_refused(content, sentence):
    with pytest.raises(UploadRefused, match=sentence):
        read(content)  # fmt: skip


def test_files_that_are_too_large_are_refused(monkeypatch):
    bomb = with_parts(BOOK, {"xl/workbook.xml": (b"<sheets>", b"<sheets>" + b" " * 4_000_000)})
    monkeypatch.setattr(reader, "MAX_ROWS", 1)
    monkeypatch.setattr(xlsx_archive, "MAX_BYTES", 1_000_000)

    with pytest.raises(UploadRefused, match="Upload at most 1 rows at once"):
        read(b"id\na\nb")
    with pytest.raises(UploadRefused, match="This workbook holds too much"):
        read(bomb)
    monkeypatch.setattr(reader, "MAX_BYTES", 1)
    with pytest.raises(UploadRefused, match="Upload at most 0 MB"):
        read(b"id\na")


@pytest.fixture
def draft(db):
    """Return an empty draft of an account with people and content."""
    account = make_account()
    for name in ("Ada", "Ben", "Cid"):
        make_learner(account, name=name, email=f"{name.lower()}@x.example")
    make_learner(account, name="Eva", email="eva@x.example", is_active=False)
    make_content(account, title="Fire", external_reference="CRS-A")
    make_content(account, title="GDPR", external_reference="CRS-B")
    make_content(account, title="Old", external_reference="CRS-C", is_active=False)
    return Draft.objects.create(account=account, owner=make_user(), created_at=AT, changed_at=AT)


def store(draft, text):
    """Store a text as an uploaded file."""
    return files.store_file(draft=draft, file=io.BytesIO(text.encode()), name="p.csv", now=AT)


def proposed(upload):
    """Return the columns that are proposed for an uploaded file."""
    return Columns(**{name: (columns or [None])[0] for name, columns in upload.candidates.items()})


def imported(draft):
    """Return the rows that files added: person, item and due date."""
    rows = DraftRow.objects.filter(draft=draft).order_by("learner__name", "content__title")
    return list(rows.values_list("learner__name", "content__title", "due_date"))


ROWS = """Name,Mail,Course,Due date,Hired
Ada,ada@x.example,CRS-A,2027-01-15,2020-01-01
Ben,BEN@x.example,fire,,2020-01-01
Ada,ada@x.example,CRS-A,15.01.2027,
Ada,ada@x.example,CRS-A,2027-02-01,
Eva,eva@x.example,CRS-A,,
Fay,fay@x.example,CRS-A,,
Cid,cid@x.example,CRS-C,,
Cid,cid@x.example,CRS-X,,
Cid,cid@x.example,CRS-B,soon,
Cid,cid@x.example,CRS-B,2020-01-01,
Cid,,CRS-B,,
Cid,cid@x.example,,,
Cid,cid@x.example,CRS-B,2027-03-03,,x
"""
REASONS = [
    (5, "Row 2 has the same person and item, due 15 January 2027."),
    (6, "Eva is inactive in the LMS."),
    (7, "Nobody has this e-mail, employee ID or LMS ID."),
    (8, "Old cannot be assigned: it is retired in the LMS."),
    (9, "No item has this reference, LMS ID or title."),
    (10, "“soon” is not a date. Write it as 2027-01-15."),
    (11, "1 January 2020 has passed. Choose a day that is today or later."),
    (12, "“Mail” is empty."),
    (13, "“Course” is empty."),
    (14, "It has 6 cells and the heading 5: probably a separator in a text without quotation "
        "marks."),
]  # fmt: skip


def test_columns_are_detected(draft):
    upload = store(draft, ROWS)

    assert upload.candidates == {"person": [1], "content": [2], "due": [3]}
    assert upload.sample_size == 13
    assert upload.people_counts == [
        (0, 0, 12, ""),
        (4, 10, 11, "ada@x.example"),
        (0, 0, 11, ""),
        (0, 0, 5, ""),
        (0, 0, 2, ""),
    ]
    assert [row[0] for row in upload.preview] == ["Ada", "Ben", "Ada"]


def test_valid_rows_are_added_and_invalid_ones_kept_with_reasons(draft):
    upload = store(draft, ROWS)

    files.import_rows(upload=upload, columns=proposed(upload), now=LATER)

    assert imported(draft) == [("Ada", "Fire", date(2027, 1, 15)), ("Ben", "Fire", None)]
    assert upload.result == {
        "total": 13, "left_out": 0, "valid": 2, "duplicate": 1, "inactive": 1, "invalid": 9,
        "file": DraftFile.objects.get().pk, "before": 0, "both": 0, "after": 2, "notes": [],
    }  # fmt: skip
    assert [(number, reason) for number, _, reason in files.invalid_rows(upload)] == REASONS
    assert Draft.objects.get().changed_at == LATER


SWALLOWED = 'Mail,Name\nada@x.example,"Ada\nben@x.example,Ben\ncid@x.example,Cid"\n'


def test_rows_inside_a_cell_of_several_lines_are_refused_with_it(draft):
    upload = store(draft, SWALLOWED + 'ben@x.example,"Ben\n1, Main Street"\n')

    files.import_rows(upload=upload, columns=Columns(0), now=LATER)

    ((number, _, reason),) = files.invalid_rows(upload)
    assert (number, reason.partition(":")[0]) == (
        2,
        "It has a cell of several lines that are rows themselves",
    )
    assert DraftLearner.objects.get().learner.name == "Ben"


def test_a_fixed_file_adds_no_duplicates_and_replaces_due_dates(draft):
    upload = store(draft, ROWS)
    files.import_rows(upload=upload, columns=proposed(upload), now=AT)

    again = store(draft, "Mail,Course,Due\nada@x.example,CRS-A,2027-05-05\nben@x.example,CRS-B,")
    files.import_rows(upload=again, columns=proposed(again), now=AT)

    assert imported(draft) == [
        ("Ada", "Fire", date(2027, 5, 5)), ("Ben", "Fire", None), ("Ben", "GDPR", None),
    ]  # fmt: skip
    files.remove_files(draft=draft, now=LATER)
    assert (imported(draft), DraftUpload.objects.count()) == ([], 0)


def test_a_file_of_people_selects_them(draft):
    upload = store(draft, "Mail\nada@x.example\nADA@x.example\nnobody@x.example")

    files.import_rows(upload=upload, columns=proposed(upload), now=AT)

    counts = {"total": 3, "left_out": 0, "valid": 1, "duplicate": 1, "inactive": 0, "invalid": 1}
    added = {"file": DraftFile.objects.get().pk, "before": 0, "both": 0, "after": 1}
    assert upload.result == counts | added | {"notes": []}
    picked = DraftLearner.objects.filter(draft=draft).values_list("learner__name", flat=True)
    assert list(picked) == ["Ada"]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        pytest.param(Columns(9), "Choose columns that the file has", id="beyond"),
        pytest.param(Columns(0, 0), "Choose a different column for each", id="twice"),
        pytest.param(Columns(0, None, 1), "Choose the column with the content as well", id="due"),
    ],
)
def test_invalid_columns_are_refused(draft, columns, sentence):
    upload = store(draft, "Mail,Due\nada@x.example,2027-01-01")

    with pytest.raises(UploadRefused, match=sentence):
        files.import_rows(upload=upload, columns=columns, now=AT)


def test_a_draft_with_too_many_rows_is_refused(draft, monkeypatch):
    monkeypatch.setattr(draft_rows, "MAX_ROWS", 1)
    upload = store(draft, ROWS)

    with pytest.raises(UploadRefused, match="A draft holds at most 1 rows of files"):
        files.import_rows(upload=upload, columns=proposed(upload), now=AT)

    assert imported(draft) == []


def test_files_are_deleted_after_a_day_or_when_the_draft_is_submitted(draft):
    store(draft, ROWS)

    assert files.delete_expired(now=AT + timedelta(hours=23)) == 0
    assert files.delete_expired(now=AT + timedelta(hours=25)) == 1
    store(draft, ROWS)
    Draft.objects.update(is_submitted=True)
    assert files.delete_expired(now=AT) == 1


CELL_VALUES = ("", "ada@x.example", "BEN@x.example", "CRS-A", "CRS-C", "2027-01-15", "soon")
CELLS = st.one_of(st.sampled_from(CELL_VALUES), st.text(max_size=12))


@pytest.fixture(scope="module")
def shared_draft(django_db_setup, django_db_blocker):
    """Return a draft for all examples of a test; it is deleted after the module's tests."""
    with django_db_blocker.unblock():
        account = make_account(remote_id="shared")
        learner = make_learner(account, name="Ada", email="ada@x.example")
        content = make_content(account, external_reference="CRS-A")
        user = make_user()
        draft = Draft.objects.create(account=account, owner=user, created_at=AT, changed_at=AT)
        yield draft
        for row in (draft, learner, content, account, user):
            row.delete()


@pytest.mark.slow
@pytest.mark.django_db
@settings(max_examples=MANY)
@given(
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=12),
    separator=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_no_row_of_a_file_is_lost(shared_draft, rows, separator, encoding):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator)
    writer.writerows([["Mail", "Course", "Due"], *rows])
    content = io.BytesIO(text.getvalue().encode(encoding, "replace"))
    filled_rows = sum(any(map(reader.clean_cell, row)) for row in rows)
    try:
        upload = files.store_file(draft=shared_draft, file=content, name="", now=AT)
    except UploadRefused:
        return

    result = files.import_rows(upload=upload, columns=Columns(0, 1, 2), now=AT)

    assert result.total == filled_rows
    assert len(list(files.invalid_rows(upload))) == len(result.invalid)
    assert all(reason for _, reason in result.invalid)


@settings(max_examples=MANY)
@given(
    start=st.sampled_from([b"Mail\na@x\n", BOOK, PICTURE, PROTECTED, b""]),
    change=st.binary(max_size=40),
    at=st.integers(0, 8_000),
)
def test_damaged_files_are_read_or_refused(start, change, at):
    content = start[:at] + change + start[at + len(change) :]
    message, rows = "", []
    try:
        rows = read(content)
    except UploadRefused as refusal:
        message = str(refusal)

    assert bool(rows) != message.endswith(".")
    assert list(compression.decompress_rows(compression.compress_rows(rows))) == rows


def test_today_is_a_valid_due_date_until_midnight(draft):
    upload = store(draft, "Mail,Course,Due\nada@x.example,CRS-A,2027-01-15")

    late = datetime(2027, 1, 15, 23, 59, tzinfo=UTC)
    files.import_rows(upload=upload, columns=Columns(0, 1, 2), now=late)

    assert imported(draft) == [("Ada", "Fire", date(2027, 1, 15))]
