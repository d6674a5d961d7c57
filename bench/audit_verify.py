"""Verifying the log against a bare read of the same rows, each in a process of its own."""

from collections.abc import Iterator
from functools import partial

from bench.finding import Finding, at_most, in_turns, median
from bench.ground import ground


def compare(vendor: str, entries: int, pairs: int) -> Iterator[Finding]:
    """Read the log bare and verify it, in turns; most memory of the verifying process."""
    with ground(vendor=vendor, learners=10) as here:
        here.child("append", str(entries), "500")
        ours, others = in_turns(
            partial(here.child, "verify"), partial(here.child, "read"), pairs=pairs
        )
    detail: dict[str, object] = {"ours": ours, "other": others}
    yield Finding(
        goal="13",
        what=f"{entries:,} entries verified against a bare read of them",
        ours=median(ours, "per_second"),
        other=median(others, "per_second"),
        unit="entries/s",
        wanted=0.6,
        detail=detail,
    )
    what = "most memory while verifying, of 64 MB"
    yield at_most("13", what, median(ours, "peak_mb"), 64, "MB")
