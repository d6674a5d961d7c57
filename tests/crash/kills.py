"""Which process is killed, when, and what was in progress at that moment."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.crash.site import Site
from tests.crash.web import Web

# The worker is the process that could record a wrong outcome, so it is killed most often.
TARGETS = {
    "sqlite": ("worker", "worker", "web", "worker and web"),
    "postgresql": ("worker", "everything", "database", "web", "worker"),
}
# Kills happen between these shares of the rows; after that, the sender mostly waits and reads back.
FIRST, LAST = 0.01, 0.97
LONGEST_DELAY = 0.2
DOWN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Kill:
    """A planned kill: after a delay in seconds, once the LMS holds `at_held` assignments."""

    target: str
    at_held: int
    delay: float

    @property
    def ends_workers(self) -> bool:
        """Whether all workers are killed."""
        return "worker" in _parts(self.target)


@dataclass(frozen=True, slots=True)
class Killed:
    """A kill that happened, and what was in progress at that moment."""

    number: int
    target: str
    at_seconds: float
    held: int
    in_flight: int


def planned(*, engine: str, rows: int, kills: int, random: Random) -> list[Kill]:
    """Return the kills of a run in order; every target is used if there are enough kills."""
    targets = TARGETS[engine]
    chosen = [targets[number % len(targets)] for number in range(kills)]
    random.shuffle(chosen)
    moments = sorted(random.uniform(FIRST, LAST) for _ in range(kills))
    return [
        Kill(target, int(rows * moment), random.uniform(0, LONGEST_DELAY))
        for target, moment in zip(chosen, moments, strict=True)
    ]


def kill_and_restart(kill: Kill, site: Site, web: Web) -> tuple[int, int]:
    """Kill and restart the target; return the numbers of assignments held and in flight."""
    time.sleep(kill.delay)
    parts, server = _parts(kill.target), site.database.server
    if server is not None and "database" in parts:
        server.stop()
        _kill(parts, site, web)
        server.start()
    else:
        _kill(parts, site, web)
    seen = site.held(), site.tables.count("state = 'sending'")
    if "web" in parts:
        web.start()
    if "worker" in parts:
        site.start_worker()
    return seen


def _kill(parts: Sequence[str], site: Site, web: Web) -> None:
    if "worker" in parts:
        site.kill_workers()
    if "web" in parts:
        web.kill()
    time.sleep(DOWN_SECONDS)


def _parts(target: str) -> Sequence[str]:
    return ("database", "worker", "web") if target == "everything" else target.split(" and ")
