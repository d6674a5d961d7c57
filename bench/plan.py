"""Freezing a plan of 50,000 rows, freezing it anew, and what holding rows against it costs."""

from collections.abc import Iterator

from bench.environment import ground
from bench.measurement import Finding, at_most

PEOPLE = 12_500
ITEMS = 4
MOST_SECONDS = 5.0
# Of the 350 microseconds that a call may cost.
MOST_MICROSECONDS = 5.0


def freeze(vendor: str) -> Iterator[Finding]:
    """Yield the seconds of a first freeze and of one that replaces it, and the check of a row."""
    with ground(vendor=vendor, learners=PEOPLE) as here:
        took = here.child("freeze", str(PEOPLE), str(ITEMS))
    rows = int(took["rows"])
    for name, seconds in (("a plan", took["first"]), ("a plan anew", took["again"])):
        yield at_most("18", f"freeze {name} of {rows:,} rows", seconds, MOST_SECONDS, "s", took)
    check = took["check_us"]
    yield at_most("18", "hold a row against its plan", check, MOST_MICROSECONDS, "us", took)
