"""Run the benchmarks: prints a table, and writes a JSON line for each row to bench/results/."""

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench import (
    audit_append,
    audit_log,
    directory,
    idle,
    kills,
    lists,
    pacing,
    plan,
    polling,
    sending,
    sessions,
)
from bench.measurement import HEAD, Comparison

RESULTS = Path(__file__).resolve().parent / "results"
VENDORS = ("sqlite", "postgresql")
MILLION = 1_000_000
SHORT_RUN = ("speed", "durability", "pacing", "append", "log", "audit", "idle")
type Benchmark = Callable[[], Iterator[Comparison]]


def main() -> None:
    """Run the benchmarks of the command line on the databases of the command line."""
    arguments = _parsed_arguments()
    names = arguments.names or (None if arguments.long else SHORT_RUN)
    RESULTS.mkdir(exist_ok=True)
    started = datetime.now(UTC)
    with (RESULTS / f"{started:%Y-%m-%dT%H%M%SZ}.jsonl").open("w") as results:
        for vendor in arguments.database:
            print(f"\n{vendor}\n{HEAD}", flush=True)
            for name, benchmark in _benchmarks(vendor, is_long=arguments.long).items():
                for comparison in benchmark() if names is None or name in names else ():
                    print(comparison.table_row(), flush=True)
                    results.write(json.dumps(_json_line(comparison, started, vendor)) + "\n")


def _benchmarks(vendor: str, *, is_long: bool) -> dict[str, Benchmark]:
    pairs, entries = (5, 10 * MILLION) if is_long else (2, MILLION)
    return {
        "speed": partial(sending.speed, vendor, pairs),
        "durability": partial(sending.durability, vendor, pairs),
        "pacing": partial(pacing.one_process, vendor, 20 if is_long else 8),
        "append": partial(audit_append.compare, vendor, pairs),
        "log": partial(audit_append.cost, vendor, 3),
        "audit": partial(audit_log.measure, vendor, entries // 10, entries, 3),
        "idle": partial(idle.idle, vendor, 600 if is_long else 60),
        "evenness": partial(sending.evenness, vendor, 3),
        "memory": partial(sending.memory, vendor, (10_000, 100_000)),
        "two": partial(pacing.two_processes, vendor, 20),
        "cut": partial(pacing.cut_in_half, vendor, 40),
        "progress": partial(polling.progress, vendor, 10_000),
        "freeze": partial(plan.freeze, vendor),
        "large": partial(polling.large, vendor, 100_000),
        "directory": partial(directory.search, vendor),
        "sync": partial(directory.sync, vendor, 3),
        "paste": partial(lists.paste, vendor, 100_000),
        "upload": partial(lists.upload, vendor, 100_000, 100_000),
        "sessions": partial(sessions.browse, vendor, 200, 6_000),
        "kills": partial(kills.killed, vendor, 2_000, 20),
    }


def _json_line(comparison: Comparison, started: datetime, vendor: str) -> dict[str, object]:
    ratio = {"ratio": round(comparison.ratio, 4), "is_met": comparison.is_met}
    return (
        asdict(comparison)
        | ratio
        | {
            "at": started.isoformat(),
            "database": vendor,
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        }
    )


def _parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help="run only these benchmarks")
    parser.add_argument(
        "--long",
        action="store_true",
        help="run all benchmarks, with more pairs and a log of ten million entries",
    )
    parser.add_argument("--database", action="append", choices=VENDORS, help="default: both")
    arguments = parser.parse_args()
    arguments.database = arguments.database or VENDORS
    return arguments


if __name__ == "__main__":
    main()
