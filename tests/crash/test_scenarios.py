"""Short forms of the scenarios; `make chaos` runs each on both engines, and for longer."""

import pytest

from tests.crash.clocks import clock_ahead, clock_back
from tests.crash.crowds import workers_started_twice
from tests.crash.outages import api_down, disk_full
from tests.crash.scenes import ROWS, Scene
from tests.crash.submits import web_killed_in_submit

pytestmark = pytest.mark.processes
SEED = 7


@pytest.mark.parametrize(
    ("scenario", "engine"),
    [
        pytest.param(api_down, "postgresql", id="the API is away"),
        pytest.param(disk_full, "sqlite", id="the disk is full"),
        pytest.param(clock_ahead, "sqlite", id="the clock jumps ahead"),
        pytest.param(clock_back, "sqlite", id="the clock jumps back"),
        pytest.param(workers_started_twice, "postgresql", id="workers started twice"),
        pytest.param(web_killed_in_submit, "postgresql", id="web killed in a submit"),
    ],
)
def test_scenario_ends_in_a_correct_state(scenario, engine):
    result = scenario(Scene(engine=engine, seed=SEED, is_long=False))

    assert result.findings.problems == (), result
    assert set(result.findings.states) <= {"created", "unknown"}
    assert sum(result.findings.states.values()) >= ROWS
