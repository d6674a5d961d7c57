"""The long form: `python -m tests.crash --rows 10000 --kills 20 --faults 0.3 --seed 7`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from tests.crash import report
from tests.crash.campaign import Campaign, Outcome, run
from tests.crash.databases import ENGINES
from tests.crash.scenarios import scenarios_for
from tests.crash.scenes import ScenarioResult, Scene
from tests.waiting import WaitTimeout

READS = 1 / 6


def main() -> int:
    """Run the campaigns and scenarios; return 1 if a check failed."""
    options = _options()
    engines = (options.engine,) if options.engine else ENGINES
    outcomes = [_outcome(engine, options) for engine in engines if not options.scenarios_only]
    results, failed = _scenario_results(engines, options)
    name = f"chaos-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
    if outcomes:
        _print(f"\n{report.campaign_table(outcomes)}\n")
    if results:
        _print(f"\n{report.scenario_table(results)}\n")
    _print(f"Results: {report.keep(name, [*outcomes, *results])}")
    problems = [*failed, *_problems([*outcomes, *results])]
    for problem in problems:
        _print(f"FAILED (seed {options.seed}): {problem}")
    return 1 if problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--faults", type=float, default=0.3, help="share of creates that go wrong")
    parser.add_argument("--batches", type=int, default=2, help="so many batches at once")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--engine", choices=ENGINES, help="both by default")
    parser.add_argument("--scenarios-only", action="store_true", help="no kills at random moments")
    parser.add_argument("--kills-only", action="store_true", help="no scenarios")
    return parser.parse_args()


def _outcome(engine: str, options: argparse.Namespace) -> Outcome:
    campaign = Campaign(
        engine=engine,
        rows=options.rows,
        kills=options.kills,
        fault_share=options.faults,
        read_fault_share=options.faults * READS,
        seed=options.seed,
        batches=options.batches,
        # A sync in the middle imports what is being sent.
        settings={"SYNC_MINUTES": "1"},
    )
    return run(campaign, lambda killed: _print(report.kill_line(campaign, killed)))


def _scenario_results(
    engines: Sequence[str], options: argparse.Namespace
) -> tuple[list[ScenarioResult], list[str]]:
    results, failed = [], []
    for engine in engines if not options.kills_only else ():
        for scenario in scenarios_for(engine):
            _print(f"{engine:10}  {scenario.__name__}")
            try:
                results.append(scenario(Scene(engine=engine, seed=options.seed, is_long=True)))
            except (AssertionError, WaitTimeout) as problem:
                failed.append(f"{scenario.__name__} on {engine}: {problem}")
    return results, failed


def _problems(results: list[Outcome | ScenarioResult]) -> Iterator[str]:
    for result in results:
        where = (
            result.campaign.engine
            if isinstance(result, Outcome)
            else f"{result.name} on {result.scene.engine}"
        )
        yield from (f"{where}: {problem}" for problem in result.findings.problems)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
