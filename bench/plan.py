"""Goal 18: freeze a plan of 50,000 rows, freeze it again, and check rows against it."""

from collections.abc import Iterator

from bench.environment import bench_environment
from bench.measurement import Comparison, at_most

PEOPLE = 12_500
ITEMS = 4
MAX_FREEZE_SECONDS = 5.0
# A part of the 350 microseconds of CPU time that a call may take.
MAX_CHECK_MICROSECONDS = 5.0


def freeze(vendor: str) -> Iterator[Comparison]:
    """Yield the seconds of a first freeze, of one that replaces it, and of checking a row."""
    with bench_environment(vendor=vendor, learners=PEOPLE) as environment:
        measured = environment.run_child("freeze", str(PEOPLE), str(ITEMS))
    rows = int(measured["rows"])
    for name, seconds in (("a plan", measured["first"]), ("a plan again", measured["again"])):
        yield at_most(
            "18", f"freeze {name} of {rows:,} rows", seconds, MAX_FREEZE_SECONDS, "s", measured
        )
    check = measured["check_us"]
    yield at_most(
        "18", "check a row against its plan", check, MAX_CHECK_MICROSECONDS, "us", measured
    )
