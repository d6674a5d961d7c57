"""The long form: `python -m tests.crash --rows 10000 --kills 20 --faults 0.3 --seed 7`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from tests.crash import report
from tests.crash.campaign import Campaign, Outcome, run
from tests.crash.databases import ENGINES
from tests.crash.scenarios import played_on
from tests.crash.scenes import Played, Scene
from tests.crash.waiting import TookTooLong

READS = 1 / 6


def main() -> int:
    """Run what was asked for; return 1 if a promise was broken."""
    asked = _asked()
    engines = (asked.engine,) if asked.engine else ENGINES
    outcomes = [_outcome(engine, asked) for engine in engines if not asked.scenarios_only]
    played, failed = _played(engines, asked)
    name = f"chaos-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
    if outcomes:
        _say(f"\n{report.campaign_table(outcomes)}\n")
    if played:
        _say(f"\n{report.scenario_table(played)}\n")
    _say(f"Kept in {report.keep(name, [*outcomes, *played])}")
    problems = [*failed, *_problems([*outcomes, *played])]
    for problem in problems:
        _say(f"BROKEN (seed {asked.seed}): {problem}")
    return 1 if problems else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--faults", type=float, default=0.3, help="share of creates that go wrong")
    parser.add_argument("--batches", type=int, default=2, help="so many batches at once")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--engine", choices=ENGINES, help="both unless given")
    parser.add_argument("--scenarios-only", action="store_true", help="no kills at random moments")
    parser.add_argument("--kills-only", action="store_true", help="no scenarios")
    return parser.parse_args()


def _outcome(engine: str, asked: argparse.Namespace) -> Outcome:
    campaign = Campaign(
        engine=engine,
        rows=asked.rows,
        kills=asked.kills,
        fault_share=asked.faults,
        read_fault_share=asked.faults * READS,
        seed=asked.seed,
        batches=asked.batches,
        # A sync in the middle brings in what is being sent.
        settings={"SYNC_MINUTES": "1"},
    )
    return run(campaign, lambda killed: _say(report.kill_line(campaign, killed)))


def _played(engines: Sequence[str], asked: argparse.Namespace) -> tuple[list[Played], list[str]]:
    played, failed = [], []
    for engine in engines if not asked.kills_only else ():
        for scenario in played_on(engine):
            _say(f"{engine:10}  {scenario.__name__}")
            try:
                played.append(scenario(Scene(engine=engine, seed=asked.seed, is_long=True)))
            except (AssertionError, TookTooLong) as problem:
                failed.append(f"{scenario.__name__} on {engine}: {problem}")
    return played, failed


def _problems(results: list[Outcome | Played]) -> Iterator[str]:
    for result in results:
        where = (
            result.campaign.engine
            if isinstance(result, Outcome)
            else f"{result.name} on {result.scene.engine}"
        )
        yield from (f"{where}: {problem}" for problem in result.verdict.problems)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
