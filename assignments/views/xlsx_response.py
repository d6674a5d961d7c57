"""A small table as a workbook to download, in which every cell is text."""

import io
from collections.abc import Iterable, Sequence
from typing import Final

import xlsxwriter
from django.http import HttpResponse

# The limit of Excel for one cell.
LONGEST: Final = 32_767
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def xlsx_response(name: str, rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Return the rows as a download; zeros at the start of a number and formulas stay text."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, str(cell)[:LONGEST])
    response = HttpResponse(file.getvalue(), content_type=_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
