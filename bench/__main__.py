"""Runs the benchmarks: a table for people, a JSON line each in bench/results/ for comparing."""

import json
import os
import platform
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection, connections

RESULTS = Path(__file__).resolve().parent / "results"


def main() -> None:
    """Measure on a database that is thrown away; DATABASE_URL names another one."""
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/desk.sqlite3")
        os.environ |= {"DJANGO_SETTINGS_MODULE": "dashboard.settings", "STACKONE_API_KEY": ""}
        django.setup()
        call_command("migrate", verbosity=0)
        measure()
        connections.close_all()


def measure() -> None:
    """Run every comparison; print and keep what it found."""
    from bench import audit_append  # noqa: PLC0415  the models need Django to be set up

    RESULTS.mkdir(exist_ok=True)
    started = datetime.now(UTC)
    print(f"{'':16}{'ours':>34}{'other':>34}{'ratio':>8}")
    with (RESULTS / f"{started:%Y-%m-%dT%H%M%SZ}.jsonl").open("w") as kept:
        for compare in (audit_append.compare,):
            found = compare()
            ours = f"{found.ours_per_second:,.0f} {found.unit}, {found.ours}"
            other = f"{found.other_per_second:,.0f}, {found.other}"
            print(f"{found.name:16}{ours:>34}{other:>34}{found.ratio:8.1f}")
            line = asdict(found) | {"ratio": round(found.ratio, 2)} | circumstances(started)
            kept.write(json.dumps(line) + "\n")


def circumstances(started: datetime) -> dict[str, str | int | None]:
    """Return what a number must be read with."""
    return {
        "at": started.isoformat(),
        "database": connection.vendor,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }


if __name__ == "__main__":
    main()
