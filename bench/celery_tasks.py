"""A Celery task for each call, as many would build it, if a redis-server is here."""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from celery import Celery

from bench.child import AUTH, HEADERS, directory
from tests.broker import Broker
from tests.running import ROOT

app = Celery("bench")
THREADS = 64


def is_here() -> bool:
    """Tell whether there is a redis-server."""
    return shutil.which("redis-server") is not None


@app.task(ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def post(url: str, item: str) -> None:
    """Make one call."""
    body = {"learning_object_external_reference": item, "status": {"value": "pending"}}
    httpx.post(url, json=body, auth=AUTH, headers=HEADERS, timeout=60).raise_for_status()


def run(base_url: str, calls: int) -> dict[str, Any]:
    """Queue so many tasks and let a worker of 64 threads make their calls."""
    people, item = directory(base_url)
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
        broker = Broker(Path(folder))
        broker.start()
        try:
            with app.connection_for_write(broker.url) as connection:
                for number in range(calls):
                    url = f"{base_url}/unified/lms/users/{people[number % len(people)]}/assignments"
                    post.apply_async((url, item), connection=connection)
            return _worked(broker, base_url, calls)
        finally:
            broker.kill()


def _worked(broker: Broker, base_url: str, calls: int) -> dict[str, Any]:
    before, used = _created(base_url), resource.getrusage(resource.RUSAGE_CHILDREN)
    worker = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "--app", "bench.celery_tasks", "--quiet"),
            *("--broker", broker.url, "worker", "--pool", "threads", "--concurrency", str(THREADS)),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while _created(base_url) == before:
        time.sleep(0.005)
    began, first = time.perf_counter(), _created(base_url)
    while (made := _created(base_url)) < before + calls:
        time.sleep(0.005)
    seconds = time.perf_counter() - began
    worker.terminate()
    worker.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return {"per_second": (made - first) / seconds, "cpu_us": 1e6 * spent / calls, "calls": calls}


def _created(base_url: str) -> int:
    return int(httpx.get(f"{base_url}/sandbox/stats", trust_env=False).json()["assignments"])
