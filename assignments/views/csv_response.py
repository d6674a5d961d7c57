"""A small table as a CSV file that a spreadsheet opens without running any of it."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from django.http import HttpResponse

from assignments.audit.export.csv_format import safe

_BYTE_ORDER_MARK: Final = "\ufeff"


def csv_answer(name: str, rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Return the rows as a download; the mark is what spreadsheets know UTF-8 by."""
    text = io.StringIO()
    csv.writer(text).writerows([safe(str(cell)) for cell in row] for row in rows)
    answer = HttpResponse(
        _BYTE_ORDER_MARK + text.getvalue(), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer
