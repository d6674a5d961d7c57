"""Goal 17: rows that are lost or sent twice when the sender is killed repeatedly."""

from collections.abc import Iterator

from bench.measurement import Comparison
from tests.crash.campaign import Campaign, run


def killed(vendor: str, rows: int, kills: int) -> Iterator[Comparison]:
    """Yield how many rows were lost, sent twice or have an untrue state after all kills."""
    outcome = run(Campaign(engine=vendor, rows=rows, kills=kills, fault_share=0, seed=7))
    findings = outcome.findings
    wrong = (
        findings.lost + findings.twice + findings.untrue + findings.in_sending + findings.unlogged
    )
    yield Comparison(
        goal="17",
        description=f"rows lost, twice or untrue after {kills} kills in {rows:,} calls",
        value=wrong,
        baseline=rows,
        unit="rows",
        target=0,
        is_upper_bound=True,
        detail={"states": dict(findings.states), "seconds": outcome.seconds},
    )
