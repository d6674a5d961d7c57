"""One measured export of the log: `python -m bench.export_child export` prints its measures."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

from bench.part import run_part
from bench.process_tree import measure

MOMENT = "%Y-%m-%d %H:%M:%S"


class NullFile(io.RawIOBase):
    """Discards what is written and counts its bytes, so that the disk does not matter."""

    def __init__(self) -> None:
        super().__init__()
        self.length = 0

    def write(self, piece: Any, /) -> int:
        """Count the bytes."""
        self.length += len(piece)
        return len(piece)


def export(form: str = "csv", count: str = "0") -> dict[str, float]:
    """Export the log, or its first `count` entries, as the product does."""
    from pathlib import Path
    from tempfile import gettempdir

    from assignments.audit.entries.actors import SYSTEM
    from assignments.audit.export.formats import ExportContext, seal_for_export, write_entries
    from assignments.audit.export.scope import select_entries
    from assignments.audit.search.parser import parse

    now = datetime.now(UTC)
    context = ExportContext(by=SYSTEM, now=now, folder=Path(gettempdir()))
    query = parse(f"entry:0..{int(count) - 1}" if int(count) else "", today=now.date())
    extent = seal_for_export(form, by=SYSTEM, now=now)  # type: ignore[arg-type]
    out, written = NullFile(), []

    def work() -> None:
        written.append(write_entries(form, select_entries(query, extent), out, context))  # type: ignore[arg-type]

    return measure(work, lambda: written[0]) | {"bytes": out.length}


def all_at_once(count: str) -> dict[str, float]:
    """Write the same file from `.all()`, row by row.

    The names are read with one query, so that only the way of reading entries differs.
    """
    from assignments.audit.entries.readable import readable_entries
    from assignments.audit.export.csv_format import BYTE_ORDER_MARK, escape_formula, header_cells
    from assignments.models import LogEntry

    out, written = NullFile(), []

    def work() -> None:
        text = io.StringIO()
        writer = csv.writer(text)
        text.write(BYTE_ORDER_MARK)
        writer.writerow(header_cells())
        for line in readable_entries(LogEntry.objects.all().filter(seq__lt=int(count))):
            writer.writerow([escape_formula(cell) for cell in _row(line)])
            written.append(1)
        out.write(text.getvalue().encode())

    return measure(work, lambda: len(written)) | {"bytes": out.length}


def _row(line: Any) -> list[str]:
    from django.utils import timezone

    detail, people = line.body["detail"], line.people
    content = detail.get("content") or {}
    return [
        str(line.seq),
        line.at.astimezone(timezone.get_default_timezone()).strftime(MOMENT),
        line.at.astimezone(UTC).strftime(MOMENT),
        str(line.actor),
        line.actor.email,
        line.actor.ref,
        line.body["actor"]["means"],
        line.sentence,
        line.action,
        line.result,
        line.batch_number,
        ", ".join(map(str, people)),
        ", ".join(person.email for person in people),
        ", ".join(person.reference for person in people),
        str(content.get("title", "")),
        str(content.get("reference", "")),
        str(detail.get("remote_id", "")),
        str(detail.get("problem", "")),
        line.body["subject"],
        line.body["account"],
        line.request_id,
    ]


if __name__ == "__main__":
    run_part({"export": export, "all": all_at_once})
