"""Exporting the log against `.all()`, and the memory it takes, each in a process of its own."""

from collections.abc import Iterator
from functools import partial

from bench.finding import Finding, at_most, in_turns, median
from bench.ground import Ground, ground

CHILD = "bench.export_child"
GROUP = "500"


def compare(vendor: str, entries: int, more: int, pairs: int) -> Iterator[Finding]:
    """Write the same file both ways, in turns; then hold the memory for `more` against that."""
    with ground(vendor=vendor, learners=10) as here:
        here.child("append", str(entries), GROUP)
        ours, others = in_turns(
            partial(here.child, "export", script=CHILD),
            partial(here.child, "all", script=CHILD),
            pairs=pairs,
        )
        if {run["bytes"] for run in ours} != {run["bytes"] for run in others}:
            raise RuntimeError("The two files are not the same.")
        yield Finding(
            goal="12",
            what=f"{entries:,} entries as CSV against .all()",
            ours=median(ours, "per_second"),
            other=median(others, "per_second"),
            unit="rows/s",
            wanted=4,
            detail={"ours": ours, "other": others},
        )
        here.child("append", str(more - entries), GROUP)
        yield from _memory(here, more)


def _memory(here: Ground, more: int) -> Iterator[Finding]:
    for form in ("csv", "xlsx"):
        large = here.child("export", form, script=CHILD)
        small = here.child("export", form, str(more // 10), script=CHILD)
        detail: dict[str, object] = {"large": large, "small": small}
        what = f"most memory, {more:,} entries as {form.upper()}, of 64 MB"
        yield at_most("12", what, large["peak_mb"], 64, "MB", detail)
        yield Finding(
            goal="12",
            what=f"the same against {more // 10:,} entries",
            ours=large["peak_mb"],
            other=small["peak_mb"],
            unit="MB",
            wanted=1.1,
            is_most=True,
            detail=detail,
        )
