"""Goals 11 and 15 and text search: pages of a log of a million entries, and of a tenth of that."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from bench.finding import Finding, at_most, in_turns, median
from bench.ground import Ground, ground

CHILD = "bench.history"
ADMIN = {"DJANGO_SETTINGS_MODULE": "bench.admin"}
TEXT_MS = 150


def look(vendor: str, few: int, many: int, pairs: int) -> Iterator[Finding]:
    """Look at the same pages of a log, and again when it is many times as long."""
    with ground(vendor=vendor, learners=10) as here:
        _child(here, "write", "0", str(few))
        short = _child(here, "pages")
        _child(here, "write", str(few), str(many - few))
        _child(here, "pages")
        yield from _grown(short, _child(here, "pages"), few, many)
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
        yield from _against_admin(here, pairs)


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
