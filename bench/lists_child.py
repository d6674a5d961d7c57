"""One measured process: `python -m bench.lists_child paste 50000` prints its measurements."""

import csv
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from bench.part import run_part


def paste(count: str) -> dict[str, float]:
    """Paste `count` e-mail addresses and ids into a new draft, some of them misspelt."""
    from assignments.services.picking.pasted_lists.list_import import add_people
    from bench.demo_draft import new_draft

    draft, now = new_draft()
    text = "\n".join(_words(int(count)))
    began = time.perf_counter()
    pasted = add_people(draft=draft, text=text, now=now)
    seconds = time.perf_counter() - began
    result = pasted.classification
    return {
        "seconds": seconds,
        "peak_mb": _peak_mb(),
        "entries": result.total,
        "matched": len(result.learner_pks),
        "duplicates": len(result.duplicates),
        "inactive": len(result.inactive),
        "unmatched": len(result.unmatched),
        "suggested": len(pasted.suggestions),
    }


def upload(kind: str, rows: str) -> dict[str, float]:
    """Check and store a file; each row has a person, an item and a due date."""
    from assignments.services.picking.uploads import files
    from assignments.services.picking.uploads.column_detection import Columns
    from bench.demo_draft import new_draft

    draft, now = new_draft()
    file = _file(kind, int(rows))
    before, began = _peak_mb(), time.perf_counter()
    upload = files.store_file(draft=draft, file=file, name=f"rows.{kind}", now=now)
    received = time.perf_counter() - began
    columns = Columns(**{name: n for name, (n,) in upload.candidates.items()})
    result = files.import_rows(upload=upload, columns=columns, now=now)
    return {
        "seconds": time.perf_counter() - began,
        "received_seconds": received,
        "peak_mb": _peak_mb(),
        "before_mb": before,
        "file_mb": file.seek(0, 2) / 1e6,
        "entries": result.total,
        "matched": len(result.valid),
        "invalid": len(result.invalid),
    }


def _file(kind: str, count: int) -> BinaryIO:
    """Write the file in another process, whose memory is not counted."""
    path = Path(tempfile.mkdtemp(prefix="desk-bench-")) / f"rows.{kind}"
    subprocess.run(
        [sys.executable, "-m", "bench.lists_child", "write", str(path), str(count)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    file = path.open("rb")
    path.unlink()
    path.parent.rmdir()
    return file


def write(path: str, count: str) -> dict[str, float]:
    """Write a file of `count` rows, of which 1 in 100 matches nobody."""
    import xlsxwriter

    rows = _rows(int(count))
    if path.endswith(".csv"):
        with Path(path).open("w", newline="") as text:
            csv.writer(text).writerows(rows)
    else:
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return {"rows": len(rows) - 1}


def _rows(count: int) -> list[tuple[str, ...]]:
    from assignments.models import Content, Learner

    items = Content.objects.filter(is_active=True).exclude(external_reference="")
    item = items.earliest("pk").external_reference
    people = Learner.objects.order_by("pk").values_list("name", "email", "external_reference")
    filler = "a remark that nobody reads, as files of HR are full of, " * 2
    return [
        ("Name", "E-mail", "Employee ID", "Course", "Due date", "Remark"),
        *(
            (
                name,
                email,
                f"{reference}x" if n % 100 == 0 else reference,
                item,
                "2099-01-15",
                filler,
            )
            for n, (name, email, reference) in enumerate(people[:count])
        ),
    ]


def _words(count: int) -> list[str]:
    from assignments.models import Learner

    people = Learner.objects.order_by("pk").values_list("email", "external_reference")[:count]
    words = [email.upper() if n % 2 else reference for n, (email, reference) in enumerate(people)]
    return [f"{word}x" if n % 100 == 1 else word or "none" for n, word in enumerate(words)]


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    run_part({"paste": paste, "upload": upload, "write": write})
