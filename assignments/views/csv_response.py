"""A small table as a CSV download in which no cell can be a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from django.http import HttpResponse

from assignments.audit.export.csv_format import escape_formula

_BYTE_ORDER_MARK: Final = "\ufeff"


def csv_response(name: str, rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Return the rows as a download; its byte order mark makes spreadsheets read UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerows([escape_formula(str(cell)) for cell in row] for row in rows)
    response = HttpResponse(
        _BYTE_ORDER_MARK + text.getvalue(), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
