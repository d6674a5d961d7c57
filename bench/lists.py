"""Goal 10 and large files: match a pasted list, and import a file of 100,000 rows."""

from collections.abc import Iterator

from bench.environment import BenchEnvironment, bench_environment
from bench.measurement import Comparison, at_most

MAX_PASTE_SECONDS = 2
MAX_UPLOAD_SECONDS = 10
MAX_UPLOAD_MB = 400


def paste(vendor: str, learners: int) -> Iterator[Comparison]:
    """Yield how long a list of half of the people takes, with 1 in 100 misspelt."""
    with bench_environment(vendor=vendor, learners=learners) as environment:
        measured = environment.run_child("paste", str(learners // 2), script="bench.lists_child")
    description = f"a pasted list of {learners // 2:,} against {learners:,} people"
    yield at_most("10", description, measured["seconds"], MAX_PASTE_SECONDS, "s", measured)


def upload(vendor: str, learners: int, rows: int) -> Iterator[Comparison]:
    """Yield the time and memory for a file of many rows, as CSV and as a workbook."""
    with bench_environment(vendor=vendor, learners=learners) as environment:
        for kind in ("csv", "xlsx"):
            yield from _measure_upload(environment, kind, rows)


def _measure_upload(environment: BenchEnvironment, kind: str, rows: int) -> Iterator[Comparison]:
    measured = environment.run_child("upload", kind, str(rows), script="bench.lists_child")
    for description, measure, limit, unit in (
        ("check and store", "seconds", MAX_UPLOAD_SECONDS, "s"),
        ("most memory to check and store", "peak_mb", MAX_UPLOAD_MB, "MB"),
    ):
        yield at_most(
            "",
            f"{description} {rows:,} rows of a {kind} file",
            measured[measure],
            limit,
            unit,
            measured,
        )
