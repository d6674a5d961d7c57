"""All scenarios, and the database engines on which each is run."""

from collections.abc import Callable, Iterator

from tests.crash.clocks import clock_ahead, clock_back
from tests.crash.crowds import several_batches, workers_started_twice
from tests.crash.databases import ENGINES
from tests.crash.outages import api_down, disk_full
from tests.crash.scenes import ScenarioResult, Scene
from tests.crash.submits import web_killed_in_submit

type Scenario = Callable[[Scene], ScenarioResult]

SCENARIOS: tuple[Scenario, ...] = (
    api_down,
    disk_full,
    clock_ahead,
    clock_back,
    workers_started_twice,
    several_batches,
    web_killed_in_submit,
)


def scenarios_for(engine: str) -> Iterator[Scenario]:
    """Return the scenarios of an engine, without the full disk on PostgreSQL."""
    assert engine in ENGINES
    return (scenario for scenario in SCENARIOS if engine == "sqlite" or scenario is not disk_full)
