"""Build workbooks for tests, and replace bytes in their parts."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter


def workbook(*rows: Sequence[Any], hidden: Sequence[Sequence[Any]] = ()) -> bytes:
    """Return a workbook: an empty sheet, a hidden one with `hidden` if given, one with `rows`."""
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
    """Return the workbook with bytes replaced (old, new) in the parts named by the keys."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            before, after = changes.get(name, (b"", b""))
            part = old.read(name)
            new.writestr(name, part.replace(before, after) if before else part)
    return file.getvalue()
