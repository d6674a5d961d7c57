"""Scenarios in which the API is down or the disk is full."""

import time
from contextlib import AbstractContextManager
from pathlib import Path

from tests.crash import faults
from tests.crash.disks import small_disk
from tests.crash.scenes import (
    ITEMS,
    PEOPLE,
    ROWS,
    SANDBOX_SIZE,
    ScenarioResult,
    Scene,
    Stopwatch,
    stage,
)
from tests.crash.site import Site
from tests.sandbox_process import Sandbox, running_sandbox
from tests.waiting import wait_until

FULL = ("full", "disk I/O error")


def api_down(scene: Scene) -> ScenarioResult:
    """Stop the LMS during a batch, and restart it later on the same port."""
    stopwatch, away = Stopwatch("API away", scene), 90 if scene.is_long else 4
    with stage(scene) as site:
        site.start_worker()
        site.submit(people=PEOPLE, items=ITEMS)
        wait_until(lambda: site.held() > ROWS // 4, "a quarter is held")
        site.lms.stop()
        time.sleep(away)
        unknown_rows = site.tables.count("state IN ('sending', 'unknown')")
        with _restarted(scene, site) as lms:
            lms.set_faults(faults.shares(0.1))
            site.wait_until_done()
            return stopwatch.result(
                site, f"away for {away} s, {unknown_rows} rows unknown in that time"
            )


def _restarted(scene: Scene, site: Site) -> AbstractContextManager[Sandbox]:
    port = int(site.lms.base_url.rsplit(":", 1)[1])
    return running_sandbox(
        **SANDBOX_SIZE, seed=scene.seed, db=site.folder / "lms.sqlite3", port=port
    )


def disk_full(scene: Scene) -> ScenarioResult:
    """Fill the disk of the database during a batch, and free it later."""
    stopwatch, full_for = Stopwatch("Disk full", scene), 30 if scene.is_long else 3
    with small_disk() as disk, stage(scene, disk=disk.folder) as site:
        worker = site.start_worker()
        site.submit(people=PEOPLE, items=ITEMS)
        wait_until(lambda: site.held() > ROWS // 4, "a quarter is held")
        disk.fill(worker.pid)
        wait_until(lambda: _is_logged(site.log), "the worker says that the disk is full")
        time.sleep(full_for)
        disk.free(worker.pid)
        site.wait_until_done()
        lives = "survived" if worker.poll() is None else "ended and was restarted"
        return stopwatch.result(site, f"{disk.how}; full for {full_for} s; the worker {lives}")


def _is_logged(log: Path) -> bool:
    return any(word in log.read_text() for word in FULL)
