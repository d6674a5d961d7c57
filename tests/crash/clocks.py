"""Scenarios in which the clock of the worker's machine jumps."""

import subprocess
import sys
from pathlib import Path

from tests.crash.scenes import ITEMS, PEOPLE, ROWS, ScenarioResult, Scene, Stopwatch, stage
from tests.crash.site import Site
from tests.reaper import end_with_this_process
from tests.sandbox_process import ROOT
from tests.waiting import wait_until

SETTINGS = "dashboard.settings"
HOUR = 3600


def clock_ahead(scene: Scene) -> ScenarioResult:
    """Move the worker's clock an hour ahead while it sends."""
    return _jumps(Stopwatch("Clock an hour ahead", scene), scene, HOUR)


def clock_back(scene: Scene) -> ScenarioResult:
    """Move the worker's clock an hour back while it sends, and correct it later."""
    return _jumps(Stopwatch("Clock an hour back", scene), scene, -HOUR, 0)


def _jumps(stopwatch: Stopwatch, scene: Scene, *jumps: int) -> ScenarioResult:
    with stage(scene) as site:
        clock = site.folder / "clock"
        clock.write_text("0")
        _start_worker(site, clock)
        site.submit(people=PEOPLE, items=ITEMS)
        seen = []
        for number, jump in enumerate(jumps, 1):
            _wait_for(site, ROWS * number // (len(jumps) + 2))
            clock.write_text(str(jump))
            seen.append(f"{jump:+} s at {site.held()} held")
        site.wait_until_done()
        return stopwatch.result(site, ", ".join(seen))


def _wait_for(site: Site, share: int) -> None:
    wait_until(
        lambda: site.held() > share,
        f"{share} rows are held",
        explain=site.describe_state,
    )


def _start_worker(site: Site, clock: Path) -> None:
    with site.log.open("a") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.jumping_clock", str(clock), "worker"],
            cwd=ROOT,
            env=site.product.environment | {"DJANGO_SETTINGS_MODULE": SETTINGS},
            stdout=output,
            stderr=output,
            text=True,
        )
    end_with_this_process(process.pid)
    site.product.processes.append(process)
