"""The environment of a scenario: an LMS, an installation, and the result."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.crash import faults
from tests.crash.site import Site, running_site
from tests.crash.truth import Findings
from tests.sandbox_process import running_sandbox

PEOPLE, ITEMS = 150, 2
ROWS = PEOPLE * ITEMS
SANDBOX_SIZE = {"learners": 170, "content": 30}
# Slow enough that faults happen during the batch.
PACE = {"STACKONE_REQUESTS_PER_MINUTE": "6000", "SETTLE_SECONDS": "3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Parameters of a scenario: the engine, the seed, and whether it is the long form.

    :ivar is_long: with more repetitions and realistic durations
    """

    engine: str
    seed: int
    is_long: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """The result of a scenario; the note says what was observed."""

    name: str
    scene: Scene
    seconds: float
    note: str
    findings: Findings


@contextmanager
def stage(scene: Scene, *, fault_share: float = 0.1, disk: Path | None = None) -> Iterator[Site]:
    """Run an LMS and an installation that sends a hundred calls a second."""
    with (
        tempfile.TemporaryDirectory(prefix="desk-scene-") as name,
        running_sandbox(**SANDBOX_SIZE, seed=scene.seed, db=Path(name) / "lms.sqlite3") as lms,
        running_site(scene.engine, Path(name), lms, disk=disk, settings=PACE) as site,
    ):
        lms.set_faults(faults.shares(fault_share))
        yield site


class Stopwatch:
    """Measures the duration of a scenario."""

    def __init__(self, name: str, scene: Scene) -> None:
        self._name = name
        self._scene = scene
        self._began = time.monotonic()

    def result(self, site: Site, note: str) -> ScenarioResult:
        """Return the result."""
        findings, seconds = site.findings(), time.monotonic() - self._began
        return ScenarioResult(
            name=self._name, scene=self._scene, seconds=seconds, note=note, findings=findings
        )
