"""Goals 11 to 15 and text search, on a log that grows to ten times its size."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from bench.environment import BenchEnvironment, bench_environment
from bench.measurement import Comparison, at_most, measure_interleaved, median

CHILD: Final = "bench.log_child"
EXPORT: Final = "bench.export_child"
ADMIN: Final = {"DJANGO_SETTINGS_MODULE": "bench.admin"}
TEXT_MS: Final = 150
MAX_MB: Final = 64
VERIFY_SECONDS: Final = 5
ENTRY_BYTES: Final = 400
# Entries that one process appends, and those appended after them to measure the speed.
ENTRIES_PER_PROCESS: Final = 1_000_000
MEASURED_ENTRIES: Final = 20_000
# Entries of the comparison with `.all()`, which loads all of them; and which share of the log each
# format exports when its memory is measured: half, or a tenth for the slow formats.
COMPARED_ENTRIES: Final = 100_000
MEMORY_DIVISORS: Final = {"csv": 2, "jsonl": 2, "xlsx": 10, "pack": 10}


def measure(vendor: str, few: int, many: int, pairs: int) -> Iterator[Comparison]:
    """Measure a log, let it grow from `few` to `many` entries, and measure it again."""
    with bench_environment(vendor=vendor, learners=10) as environment:
        early, short = _grow_log(environment, 0, few), _pages(environment)
        late, long = _grow_log(environment, few + MEASURED_ENTRIES, many), _pages(environment)
        yield from _appending(environment, early, late, few, many)
        yield from _grown(short, long, few, many)
        yield from _searching(environment, many)
        yield from _verifying(environment, pairs)
        yield from _exporting(environment, many, pairs)
        yield from _against_admin(environment, pairs)


def _grow_log(environment: BenchEnvironment, start: int, stop: int) -> dict[str, Any]:
    """Append entries up to number `stop`, then measure the speed of appending more."""
    for at in range(start, stop, ENTRIES_PER_PROCESS):
        _child(environment, "write", str(at), str(min(ENTRIES_PER_PROCESS, stop - at)))
    return _child(environment, "write", str(stop), str(MEASURED_ENTRIES))


def _pages(environment: BenchEnvironment) -> dict[str, Any]:
    # The first time warms the caches of the database.
    _child(environment, "pages")
    return _child(environment, "pages")


def _appending(
    environment: BenchEnvironment, early: Any, late: Any, few: int, many: int
) -> Iterator[Comparison]:
    yield Comparison(
        goal="14",
        description=f"appending at {many:,} entries against {few:,}",
        value=late["per_second"],
        baseline=early["per_second"],
        unit="entries/s",
        target=0.7,
    )
    size = _child(environment, "size")
    yield at_most("14", "of an entry, with its indexes", size["bytes"], ENTRY_BYTES, "bytes", size)


def _grown(short: Any, long: Any, few: int, many: int) -> Iterator[Comparison]:
    detail = {"short": short, "long": long}
    searches = [name for name in long if name != "first"]
    slowest = max(searches, key=lambda name: long[name] / short[name])
    for name, description, target in (
        ("first", "first page", 1.5),
        (slowest, f"slowest growing search, {slowest}", 3),
    ):
        yield Comparison(
            goal="11",
            description=f"{description}, {many:,} against {few:,} entries",
            value=long[name],
            baseline=short[name],
            unit="ms",
            target=target,
            is_upper_bound=True,
            detail=detail,
        )


def _searching(environment: BenchEnvironment, many: int) -> Iterator[Comparison]:
    middle = _child(environment, "offset")
    yield Comparison(
        goal="11",
        description="page in the middle, by number against OFFSET",
        value=middle["by_number"],
        baseline=middle["offset"],
        unit="ms",
        target=1 / 50,
        is_upper_bound=True,
    )
    text = _child(environment, "words")
    description = f"text search in {many:,} entries, whole request (p95)"
    yield at_most("11", description, text["p95"], TEXT_MS, "ms", text)


def _verifying(environment: BenchEnvironment, pairs: int) -> Iterator[Comparison]:
    """Yield the speed of verifying the whole log against only reading a million entries."""
    results, baselines = measure_interleaved(
        partial(environment.run_child, "verify"),
        partial(environment.run_child, "read", str(ENTRIES_PER_PROCESS)),
        pairs=pairs,
    )
    speed, peak = median(results, "per_second"), median(results, "peak_mb")
    yield Comparison(
        goal="13",
        description="entries verified against a bare read of them",
        value=speed,
        baseline=median(baselines, "per_second"),
        unit="entries/s",
        target=0.6,
        detail={"results": results, "baseline": baselines},
    )
    yield at_most("13", "a million of them", ENTRIES_PER_PROCESS / speed, VERIFY_SECONDS, "s")
    yield at_most("13", "peak memory for all of them", peak, MAX_MB, "MB")


def _exporting(environment: BenchEnvironment, many: int, pairs: int) -> Iterator[Comparison]:
    """Yield the speed of an export against `.all()`, and its memory for many and few entries."""
    results, baselines = measure_interleaved(
        partial(environment.run_child, "export", "csv", str(COMPARED_ENTRIES), script=EXPORT),
        partial(environment.run_child, "all", str(COMPARED_ENTRIES), script=EXPORT),
        pairs=pairs,
    )
    if {run["bytes"] for run in results} != {run["bytes"] for run in baselines}:
        raise RuntimeError("The two files are not the same.")
    yield Comparison(
        goal="12",
        description=f"{COMPARED_ENTRIES:,} entries as CSV against .all()",
        value=median(results, "per_second"),
        baseline=median(baselines, "per_second"),
        unit="rows/s",
        target=4,
        detail={"results": results, "baseline": baselines},
    )
    for form, divisor in MEMORY_DIVISORS.items():
        yield from _memory(environment, form, many // divisor)


def _memory(environment: BenchEnvironment, form: str, more: int) -> Iterator[Comparison]:
    large = environment.run_child("export", form, str(more), script=EXPORT)
    small = environment.run_child("export", form, str(more // 10), script=EXPORT)
    detail: dict[str, object] = {"large": large, "small": small}
    description = f"peak memory, {more:,} entries as {form.upper()}"
    yield at_most("12", description, large["peak_mb"], MAX_MB, "MB", detail)
    yield Comparison(
        goal="12",
        description=f"the same against {more // 10:,} entries",
        value=large["peak_mb"],
        baseline=small["peak_mb"],
        unit="MB",
        target=1.1,
        is_upper_bound=True,
        detail=detail,
    )


def _against_admin(environment: BenchEnvironment, pairs: int) -> Iterator[Comparison]:
    results, admin = measure_interleaved(
        partial(_child, environment, "list"),
        partial(_child, environment, "admin", **ADMIN),
        pairs=pairs,
    )
    detail: dict[str, object] = {"results": results, "baseline": admin}
    for name, description, unit, target, is_upper_bound in (
        ("per_second", "list page of 50 against Django's admin", "pages/s", 5, False),
        ("p99", "the same, slowest of a hundred", "ms", 0.1, True),
    ):
        yield Comparison(
            goal="15",
            description=description,
            value=median(results, name),
            baseline=median(admin, name),
            unit=unit,
            target=target,
            is_upper_bound=is_upper_bound,
            detail=detail,
        )


def _child(environment: BenchEnvironment, *words: str, **settings: str) -> dict[str, Any]:
    return environment.run_child(*words, script=CHILD, **settings)
