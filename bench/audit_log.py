"""Goals 11 to 15 and text search, on one log that grows to ten times its length."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from bench.environment import Ground, ground
from bench.measurement import Finding, at_most, in_turns, median

CHILD: Final = "bench.log_child"
EXPORT: Final = "bench.export_child"
ADMIN: Final = {"DJANGO_SETTINGS_MODULE": "bench.admin"}
TEXT_MS: Final = 150
MOST_MB: Final = 64
VERIFY_SECONDS: Final = 5
ENTRY_BYTES: Final = 400
# So many are written by one process, and so many more to see how fast that goes by then.
PIECE: Final = 1_000_000
MORE: Final = 20_000
# What is held against `.all()`, which keeps all of it in memory; and with how many entries it is
# watched how much memory a form takes: half of the log, and a tenth for those that take long.
COMPARED: Final = 100_000
WATCHED: Final = {"csv": 2, "jsonl": 2, "xlsx": 10, "pack": 10}


def measure(vendor: str, few: int, many: int, pairs: int) -> Iterator[Finding]:
    """Look at a log, let it become many times as long, and look again."""
    with ground(vendor=vendor, learners=10) as here:
        early, short = _written(here, 0, few), _pages(here)
        late, long = _written(here, few + MORE, many), _pages(here)
        yield from _appending(here, early, late, few, many)
        yield from _grown(short, long, few, many)
        yield from _finding(here, many)
        yield from _verifying(here, pairs)
        yield from _exporting(here, many, pairs)
        yield from _against_admin(here, pairs)


def _written(here: Ground, start: int, stop: int) -> dict[str, Any]:
    """Write the entries up to `stop`, and measure how fast some more are written then."""
    for at in range(start, stop, PIECE):
        _child(here, "write", str(at), str(min(PIECE, stop - at)))
    return _child(here, "write", str(stop), str(MORE))


def _pages(here: Ground) -> dict[str, Any]:
    # Once for the database, which has never been asked.
    _child(here, "pages")
    return _child(here, "pages")


def _appending(here: Ground, early: Any, late: Any, few: int, many: int) -> Iterator[Finding]:
    yield Finding(
        goal="14",
        what=f"appending at {many:,} entries against {few:,}",
        ours=late["per_second"],
        other=early["per_second"],
        unit="entries/s",
        wanted=0.7,
    )
    size = _child(here, "size")
    yield at_most("14", "of an entry, with its indexes", size["bytes"], ENTRY_BYTES, "bytes", size)


def _grown(short: Any, long: Any, few: int, many: int) -> Iterator[Finding]:
    detail = {"short": short, "long": long}
    searches = [name for name in long if name != "first"]
    slowest = max(searches, key=lambda name: long[name] / short[name])
    for name, what, wanted in (
        ("first", "first page", 1.5),
        (slowest, f"slowest growing search, {slowest}", 3),
    ):
        yield Finding(
            goal="11",
            what=f"{what}, {many:,} against {few:,} entries",
            ours=long[name],
            other=short[name],
            unit="ms",
            wanted=wanted,
            is_most=True,
            detail=detail,
        )


def _finding(here: Ground, many: int) -> Iterator[Finding]:
    middle = _child(here, "offset")
    yield Finding(
        goal="11",
        what="page in the middle, by number against OFFSET",
        ours=middle["ours"],
        other=middle["offset"],
        unit="ms",
        wanted=1 / 50,
        is_most=True,
    )
    text = _child(here, "words")
    what = f"text search in {many:,} entries, whole request (p95)"
    yield at_most("11", what, text["p95"], TEXT_MS, "ms", text)


def _verifying(here: Ground, pairs: int) -> Iterator[Finding]:
    """Read a million entries bare and verify the whole log, in turns."""
    ours, others = in_turns(
        partial(here.child, "verify"), partial(here.child, "read", str(PIECE)), pairs=pairs
    )
    speed, peak = median(ours, "per_second"), median(ours, "peak_mb")
    yield Finding(
        goal="13",
        what="entries verified against a bare read of them",
        ours=speed,
        other=median(others, "per_second"),
        unit="entries/s",
        wanted=0.6,
        detail={"ours": ours, "other": others},
    )
    yield at_most("13", "a million of them", PIECE / speed, VERIFY_SECONDS, "s")
    yield at_most("13", "most memory for all of them", peak, MOST_MB, "MB")


def _exporting(here: Ground, many: int, pairs: int) -> Iterator[Finding]:
    """Write the same file both ways, in turns; then hold the memory for many against few."""
    ours, others = in_turns(
        partial(here.child, "export", "csv", str(COMPARED), script=EXPORT),
        partial(here.child, "all", str(COMPARED), script=EXPORT),
        pairs=pairs,
    )
    if {run["bytes"] for run in ours} != {run["bytes"] for run in others}:
        raise RuntimeError("The two files are not the same.")
    yield Finding(
        goal="12",
        what=f"{COMPARED:,} entries as CSV against .all()",
        ours=median(ours, "per_second"),
        other=median(others, "per_second"),
        unit="rows/s",
        wanted=4,
        detail={"ours": ours, "other": others},
    )
    for form, part in WATCHED.items():
        yield from _memory(here, form, many // part)


def _memory(here: Ground, form: str, more: int) -> Iterator[Finding]:
    large = here.child("export", form, str(more), script=EXPORT)
    small = here.child("export", form, str(more // 10), script=EXPORT)
    detail: dict[str, object] = {"large": large, "small": small}
    what = f"most memory, {more:,} entries as {form.upper()}"
    yield at_most("12", what, large["peak_mb"], MOST_MB, "MB", detail)
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


def _against_admin(here: Ground, pairs: int) -> Iterator[Finding]:
    ours, admin = in_turns(
        partial(_child, here, "list"), partial(_child, here, "admin", **ADMIN), pairs=pairs
    )
    detail: dict[str, object] = {"ours": ours, "other": admin}
    for name, what, unit, wanted, is_most in (
        ("per_second", "list page of 50 against Django's admin", "pages/s", 5, False),
        ("p99", "the same, slowest of a hundred", "ms", 0.1, True),
    ):
        yield Finding(
            goal="15",
            what=what,
            ours=median(ours, name),
            other=median(admin, name),
            unit=unit,
            wanted=wanted,
            is_most=is_most,
            detail=detail,
        )


def _child(here: Ground, *words: str, **settings: str) -> dict[str, Any]:
    return here.child(*words, script=CHILD, **settings)
