"""A short campaign of kills at random moments; `make chaos` runs a long one."""

import json

import pytest

from tests.crash import report
from tests.crash.campaign import Campaign, run
from tests.crash.databases import ENGINES

pytestmark = pytest.mark.processes
SEED = 7


@pytest.mark.parametrize("engine", ENGINES)
def test_campaign_with_kills_and_faults_loses_and_duplicates_nothing(engine, tmp_path):
    outcome = run(
        Campaign(
            engine=engine,
            rows=400,
            kills=4,
            fault_share=0.3,
            seed=SEED,
            batches=2,
            waits_for_leases=False,
            settings={"STACKONE_REQUESTS_PER_MINUTE": "9000", "SETTLE_SECONDS": "3"},
        )
    )

    findings = outcome.findings
    assert findings.problems == (), outcome
    assert set(findings.states) <= {"created", "unknown"}
    assert sum(findings.states.values()) == 400
    assert len(outcome.kills) == 4

    (kept,) = report.keep("kills", [outcome], tmp_path).read_text().splitlines()
    assert json.loads(kept)["findings"]["states"] == findings.states
