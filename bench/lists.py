"""Goal 10 and large files: whom a pasted list names, and what a file of 100,000 rows brings."""

from collections.abc import Iterator

from bench.environment import Ground, ground
from bench.measurement import Finding, at_most

MOST_PASTE_SECONDS = 2
MOST_UPLOAD_SECONDS = 10
MOST_UPLOAD_MB = 400


def paste(vendor: str, learners: int) -> Iterator[Finding]:
    """Yield how long a list of half of the people takes, 1 in 100 of them misspelt."""
    with ground(vendor=vendor, learners=learners) as here:
        found = here.child("paste", str(learners // 2), script="bench.lists_child")
    what = f"a pasted list of {learners // 2:,} against {learners:,} people"
    yield at_most("10", what, found["seconds"], MOST_PASTE_SECONDS, "s", found)


def upload(vendor: str, learners: int, rows: int) -> Iterator[Finding]:
    """Yield how long a file of very many rows takes, as text and as a workbook, and its memory."""
    with ground(vendor=vendor, learners=learners) as here:
        for kind in ("csv", "xlsx"):
            yield from _uploaded(here, kind, rows)


def _uploaded(here: Ground, kind: str, rows: int) -> Iterator[Finding]:
    found = here.child("upload", kind, str(rows), script="bench.lists_child")
    for what, measure, most, unit in (
        ("check and keep", "seconds", MOST_UPLOAD_SECONDS, "s"),
        ("most memory to check and keep", "peak_mb", MOST_UPLOAD_MB, "MB"),
    ):
        yield at_most(
            "", f"{what} {rows:,} rows of a {kind} file", found[measure], most, unit, found
        )
