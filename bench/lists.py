"""Goal 10 and large files: whom a pasted list names, and what a file of 100,000 rows brings."""

from collections.abc import Iterator

from bench.finding import Finding
from bench.ground import Ground, ground

MOST_PASTE_SECONDS = 2
MOST_UPLOAD_SECONDS = 10
MOST_UPLOAD_MB = 400


def paste(vendor: str, learners: int) -> Iterator[Finding]:
    """Yield how long a list of half of the people takes, 1 in 100 of them misspelt."""
    with ground(vendor=vendor, learners=learners) as here:
        found = here.child("paste", str(learners // 2), script="bench.lists_child")
    yield Finding(
        goal="10",
        what=f"a pasted list of {learners // 2:,} against {learners:,} people",
        ours=found["seconds"],
        other=MOST_PASTE_SECONDS,
        unit="s",
        wanted=1,
        is_most=True,
        detail=dict(found),
    )


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
        yield Finding(
            goal="",
            what=f"{what} {rows:,} rows of a {kind} file",
            ours=found[measure],
            other=most,
            unit=unit,
            wanted=1,
            is_most=True,
            detail=dict(found),
        )
