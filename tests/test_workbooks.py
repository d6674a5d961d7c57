"""Workbooks: sheets, hidden rows, number formats, and the memory that reading takes."""

import io
import tracemalloc
import zipfile
from datetime import date

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.reader import open_table
from assignments.services.picking.uploads.xlsx_formats import number_format
from tests.factories import make_account, make_learner
from tests.xlsx_files import with_parts, workbook

pytestmark = pytest.mark.django_db
SHEET = "xl/worksheets/sheet1.xml"


def table_of(content, account_pk=0, sheet=""):
    """Return the table of a workbook."""
    return open_table(account_pk, io.BytesIO(content), sheet)


def book_of(sheets, *, active=0, hidden=()):
    """Return a workbook of sheets by name, one of them active, with hidden rows by index."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for position, (name, rows) in enumerate(sheets.items()):
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            for number in hidden:
                sheet.set_row(number, None, None, {"hidden": True})
            if position == active:
                sheet.activate()
    return file.getvalue()


def formatted(*cells):
    """Return the texts of cells, each given as a value and its number format."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [f"Column {letter}" for letter in "ABCDEFGHIJK"[: len(cells)]])
        for column, (value, code) in enumerate(cells):
            sheet.write(1, column, value, book.add_format({"num_format": code}))
    return next(table_of(file.getvalue()).rows)[1]


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        pytest.param(101, "000000", "000101", id="zeros"),
        pytest.param(1234567, "000000", "1234567", id="more digits than zeros"),
        pytest.param(42, '"NW-"00000', "NW-00042", id="a prefix"),
        pytest.param(42, r"\N\W\-00000", "NW-00042", id="an escaped prefix"),
        pytest.param(123456789, "000-00-0000", "123-45-6789", id="groups"),
        pytest.param(42, "[Red]0000;-0", "0042", id="a colour and a section"),
        pytest.param(10305, "#,##0", "10305", id="thousands"),
        pytest.param(10305, "0.00", "10305", id="decimals"),
        pytest.param(0.5, "0%", "0.5", id="a percentage"),
        pytest.param(10305, "General", "10305", id="general"),
        pytest.param(0.5, "000000", "0.5", id="zeros and a fraction"),
        pytest.param(10305, "@", "10305", id="text"),
        pytest.param(date(2027, 1, 15), "dd/mm/yy", "2027-01-15", id="a date"),
        pytest.param(
            46402.395833333336, "d mmm yy h:mm", "2027-01-15T09:30:00", id="a date and a time"
        ),
        pytest.param(0.25, "hh:mm", "06:00:00", id="a time of day"),
        pytest.param(46402, "[$-407]d. mmmm yyyy", "2027-01-15", id="a date of a language"),
    ],
)
def test_a_number_is_read_as_it_is_shown(value, code, shown):
    assert formatted((value, code)) == [shown]


@given(value=st.integers(0, 10**12), zeros=st.integers(2, 12))
def test_zeros_are_filled_up(value, zeros):
    assert number_format(200, {200: "0" * zeros}, is_1904=False)(str(value)) == f"{value:0{zeros}}"


@given(code=st.text(max_size=12), value=st.floats(-1e9, 1e9))
def test_any_format_writes_a_number(code, value):
    assert number_format(200, {200: code}, is_1904=True)(repr(value))


PEOPLE = [["E-mail"], ["ada@x.example"]]
NOTES = [["Read me"], ["Nobody"]]


@pytest.fixture
def account():
    """Return an account with one person."""
    account = make_account()
    make_learner(account, email="ada@x.example")
    return account


@pytest.mark.parametrize(
    ("sheets", "active", "chosen", "others"),
    [
        pytest.param({"A": PEOPLE, "B": PEOPLE}, 1, "B", ["A"], id="the active one"),
        pytest.param({"A": PEOPLE, "B": NOTES}, 1, "A", ["B"], id="the one with people"),
        pytest.param({"A": NOTES, "B": [], "C": PEOPLE}, 0, "C", ["A"], id="empty ones"),
        pytest.param({"A": NOTES, "B": NOTES}, 1, "B", ["A"], id="nobody in any"),
    ],
)
def test_the_fitting_sheet_is_read_and_others_are_named(account, sheets, active, chosen, others):
    table = table_of(book_of(sheets, active=active), account.pk)

    assert (table.sheet, table.other_sheets) == (chosen, others)


def test_a_sheet_can_be_named(account):
    book = book_of({"A": PEOPLE, "B": NOTES})

    assert table_of(book, account.pk, "b").sheet == "B"
    with pytest.raises(UploadRefused, match="It has no visible sheet “C”; it has A, B"):
        table_of(book, account.pk, "C")
    with pytest.raises(UploadRefused, match="it has no sheets at all"):
        open_table(account.pk, io.BytesIO(b"E-mail\nada@x.example"), "A")


@given(hidden=st.sets(st.integers(1, 8)))
def test_hidden_rows_are_known_by_their_position(hidden):
    table = table_of(book_of({"A": [["ID"], *[[f"a{n}"] for n in range(8)]]}, hidden=hidden))

    assert [number for number, _ in table.rows] == list(range(2, 10))
    assert table.hidden_rows == sorted(hidden)


@pytest.mark.parametrize("number", ["0", "-5", "1048577", "9" * 30])
def test_a_row_number_that_no_sheet_has_is_damage(number):
    book = with_parts(
        book_of({"A": [["ID"], ["a"]]}),
        {SHEET: (b'<row r="2"', f'<row r="{number}"'.encode())},
    )

    with pytest.raises(UploadRefused, match="This workbook is damaged"):
        list(table_of(book).rows)


def test_phonetic_guides_and_escaped_characters_are_no_text():
    book = with_parts(
        workbook(["ID"], ["a"]),
        {
            "xl/sharedStrings.xml": (
                b"<t>a</t>",
                b"<r><t>a_x000D_</t></r><r><t>b</t></r><rPh sb='0' eb='1'><t>read</t></rPh>",
            )
        },
    )

    assert next(table_of(book).rows) == (2, ["a\rb"])


def blank_cells(count):
    """Return a small workbook whose sheet unpacks to many blank cells."""
    blanks = b'<row r="9"><c r="A9"/></row>' * count
    file = io.BytesIO()
    source = zipfile.ZipFile(io.BytesIO(workbook(["ID"], ["a1"])))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            part = source.read(name)
            archive.writestr(name, part.replace(b"</sheetData>", blanks + b"</sheetData>"))
    return file.getvalue()


def test_a_workbook_that_unpacks_to_very_much_is_refused():
    book = blank_cells(1_000_000)
    assert len(book) < 200_000

    with pytest.raises(UploadRefused, match="This workbook holds too much to be read"):
        table_of(book)


def test_a_sparse_sheet_takes_little_memory():
    far = b'<row r="900001"><c r="A900001" t="str"><v>z1</v></c></row></sheetData>'
    book = with_parts(
        workbook(["ID"], ["a1"]), {"xl/worksheets/sheet2.xml": (b"</sheetData>", far)}
    )
    tracemalloc.start()

    rows = list(table_of(book).rows)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == [(2, ["a1"]), (900_001, ["z1"])]
    assert peak < 4_000_000


def test_a_cell_that_is_too_long_is_refused():
    book = with_parts(
        workbook(["ID"], ["a1"]),
        {"xl/sharedStrings.xml": (b"<t>a1</t>", b"<t>%s</t>" % (b"a" * 140_000))},
    )

    for content in (book, b"ID,Note\na1," + b"a" * 140_000):
        with pytest.raises(UploadRefused, match="more than 131,072 characters"):
            list(table_of(content).rows)
