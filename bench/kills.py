"""Goal 17: what is lost and what is sent twice when the sender is killed again and again."""

from collections.abc import Iterator

from bench.measurement import Finding
from tests.crash.campaign import Campaign, run


def killed(vendor: str, rows: int, kills: int) -> Iterator[Finding]:
    """Yield how many rows were lost, sent twice or untrue after all kills."""
    outcome = run(Campaign(engine=vendor, rows=rows, kills=kills, fault_share=0, seed=7))
    verdict = outcome.verdict
    wrong = verdict.lost + verdict.twice + verdict.untrue + verdict.in_sending + verdict.unlogged
    yield Finding(
        goal="17",
        what=f"rows lost, twice or untrue after {kills} kills in {rows:,} calls",
        ours=wrong,
        other=rows,
        unit="rows",
        wanted=0,
        is_most=True,
        detail={"states": dict(verdict.states), "seconds": outcome.seconds},
    )
