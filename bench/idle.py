"""Goal I: CPU time of web, worker and sandbox while nobody uses them."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import cast

from bench.environment import bench_environment
from bench.measurement import Comparison, at_most
from bench.process_tree import tree_cpu_seconds
from tests.crash.web import Web
from tests.product_processes import Product
from tests.sandbox_process import ROOT

MAX_PERCENT = 1
# What starts needs CPU time for a while: imports, fork server, first looks.
SETTLE_SECONDS = 20


def idle(vendor: str, seconds: int) -> Iterator[Comparison]:
    """Yield the CPU time of each process in percent of a core."""
    with bench_environment(vendor=vendor, learners=500) as environment, ExitStack() as stack:
        worker = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "manage.py", "worker"],
                cwd=ROOT,
                env=environment.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        stack.callback(worker.terminate)
        web = stack.enter_context(Web(cast("Product", environment)))
        pids = {"web": web.pid, "worker": worker.pid, "sandbox": environment.lms.process.pid}
        time.sleep(SETTLE_SECONDS)
        before = {name: tree_cpu_seconds(pid) for name, pid in pids.items()}
        began = time.perf_counter()
        time.sleep(seconds)
        elapsed = time.perf_counter() - began
        used = {name: tree_cpu_seconds(pid) - before[name] for name, pid in pids.items()}
        assert worker.poll() is None, "The worker ended."
    for name, cpu_seconds in used.items():
        percent = 100 * cpu_seconds / elapsed
        yield at_most(
            "I", f"CPU of an idle {name}, {seconds} s", percent, MAX_PERCENT, "% of a core"
        )
