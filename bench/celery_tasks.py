"""The baseline of one Celery task per call, a common design; needs a redis-server."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from celery import Celery

from bench.client_child import AUTH, HEADERS, directory
from tests.broker import Broker
from tests.reaper import end_with_this_process
from tests.sandbox_process import ROOT

app = Celery("bench")
THREADS = 64


def is_available() -> bool:
    """Return whether a redis-server is installed."""
    return shutil.which("redis-server") is not None


@app.task(ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def post(url: str, item: str) -> None:
    """Make one call."""
    body = {"learning_object_external_reference": item, "status": {"value": "pending"}}
    _client().post(url, json=body).raise_for_status()


def run(base_url: str, calls: int) -> dict[str, Any]:
    """Queue a task per call and measure a worker of 64 threads that makes them."""
    people, item = directory(base_url)
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
        broker = Broker(Path(folder))
        broker.start()
        try:
            with app.connection_for_write(broker.url) as connection:
                for number in range(calls):
                    url = f"{base_url}/unified/lms/users/{people[number % len(people)]}/assignments"
                    post.apply_async((url, item), connection=connection)
            return _measure_worker(broker, base_url, calls)
        finally:
            broker.kill()


@cache
def _client() -> httpx.Client:
    """Return the worker's shared client: creating one per call takes most of the time for TLS."""
    limits = httpx.Limits(max_connections=THREADS, max_keepalive_connections=THREADS)
    return httpx.Client(auth=AUTH, headers=HEADERS, limits=limits, timeout=60)


def _measure_worker(broker: Broker, base_url: str, calls: int) -> dict[str, Any]:
    before = _created(base_url)
    worker = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "--app", "bench.celery_tasks", "--quiet"),
            *("--broker", broker.url, "worker", "--pool", "threads", "--concurrency", str(THREADS)),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end_with_this_process(worker.pid)
    while _created(base_url) == before:
        time.sleep(0.005)
    # The time and CPU of starting the worker do not count.
    began, first, cpu_before = time.perf_counter(), _created(base_url), _cpu_seconds(worker.pid)
    while (created := _created(base_url)) < before + calls:
        time.sleep(0.005)
    seconds, cpu_used = time.perf_counter() - began, _cpu_seconds(worker.pid) - cpu_before
    worker.terminate()
    worker.wait()
    counted = created - first
    return {"per_second": counted / seconds, "cpu_us": 1e6 * cpu_used / counted, "calls": counted}


def _created(base_url: str) -> int:
    return int(httpx.get(f"{base_url}/sandbox/stats", trust_env=False).json()["assignments"])


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = fields[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
