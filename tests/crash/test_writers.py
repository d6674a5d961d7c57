"""Eight processes append to one log without a gap, a fork or an error, while it is sealed.

WRITES sets how many entries each of them writes: 100 by default, 5,000 in the long form.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.databases import ENGINES, fresh
from tests.crash.tables import Tables
from tests.product_processes import Product, prepared
from tests.sandbox_process import ROOT

pytestmark = pytest.mark.processes
WRITERS = 8
WRITES = int(os.environ.get("WRITES", "100"))
ACTION = "assignment.created"


def start(product: Product, number: int) -> "subprocess.Popen[str]":
    """Start one writer."""
    words = [sys.executable, "-m", "tests.crash.writer", str(number), str(WRITES)]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        words, cwd=ROOT, env=product.environment, stdout=pipe, stderr=pipe, text=True
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_concurrent_writers_append_to_one_log(engine: str, tmp_path: Path) -> None:
    with fresh(engine, tmp_path) as database:
        product = prepared(tmp_path / "desk.sqlite3", DATABASE_URL=database.url)
        writers = [start(product, number) for number in range(WRITERS)]
        seals = 0
        while any(writer.poll() is None for writer in writers):
            product.manage("audit", "seal")
            seals += 1
        outputs = [writer.communicate() for writer in writers]

        assert [writer.returncode for writer in writers] == [0] * WRITERS, outputs
        numbers = [seq for out, _ in outputs for seq in json.loads(out)]
        tables = Tables(database.url)
        in_table = tables.rows("SELECT seq FROM assignments_logentry ORDER BY seq")
        of_writers = tables.rows(
            f"SELECT seq FROM assignments_logentry WHERE action = '{ACTION}' ORDER BY seq"
        )
        assert len(numbers) == WRITERS * WRITES
        assert sorted(numbers) == [seq for (seq,) in of_writers]
        assert [seq for (seq,) in in_table] == list(range(len(in_table)))
        product.manage("audit", "seal")
        result = product.manage_json("audit", "verify")
        assert (result["verdict"], result["newest_seal"] >= 1, seals >= 1) == ("intact", True, True)
