"""Workbooks as a test needs them, written by a well-kept library or patched by hand."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter


def workbook(*rows: Sequence[Any], hidden: Sequence[Sequence[Any]] = ()) -> bytes:
    """Return a workbook with the rows; `hidden` are those of a sheet before it that is hidden."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"default_date_format": "yyyy-mm-dd"}) as book:
        book.add_worksheet("Notes")
        if hidden:
            sheet = book.add_worksheet("Hidden")
            sheet.hide()
            for number, row in enumerate(hidden):
                sheet.write_row(number, 0, row)
        sheet = book.add_worksheet("People")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return file.getvalue()


def with_parts(book: bytes, changes: Mapping[str, tuple[bytes, bytes]]) -> bytes:
    """Return the workbook with something in some of its parts replaced."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            before, after = changes.get(name, (b"", b""))
            part = old.read(name)
            new.writestr(name, part.replace(before, after) if before else part)
    return file.getvalue()
