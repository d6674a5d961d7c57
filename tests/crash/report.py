"""Reports of a run: a line for each kill, tables for people, JSON lines to compare runs."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.crash.campaign import Campaign, Outcome
from tests.crash.kills import Killed
from tests.crash.scenes import ScenarioResult
from tests.crash.truth import Findings
from tests.sandbox_process import ROOT

RESULTS = ROOT / "bench" / "results"
FAILURES = ("twice", "lost", "untrue", "unclaimed", "in_sending", "unlogged")
HEADINGS = (
    "rows",
    "created",
    "for a person",
    "held",
    *(name.replace("_", " ") for name in FAILURES),
)


def kill_line(campaign: Campaign, killed: Killed) -> str:
    """Return one line about one kill."""
    return (
        f"{campaign.engine:10}  kill {killed.number:3} of {campaign.kills:<3}  {killed.target:14}"
        f"  at {killed.at_seconds:6.1f} s  {killed.held:7,} held  {killed.in_flight:4} being sent"
    )


def campaign_table(outcomes: Sequence[Outcome]) -> str:
    """Return the table of the runs with kills."""
    head = ("engine", "kills", "most in sending at a kill", *HEADINGS, "seconds")
    return _table(head, (_campaign_row(outcome) for outcome in outcomes))


def scenario_table(results: Sequence[ScenarioResult]) -> str:
    """Return the table of the scenarios."""
    head = ("scenario", "engine", *HEADINGS, "seconds", "seen on the way")
    return _table(
        head,
        (
            [p.name, p.scene.engine, *_counts(p.findings), f"{p.seconds:.0f}", p.note]
            for p in results
        ),
    )


def keep(name: str, results: Iterable[Outcome | ScenarioResult], folder: Path = RESULTS) -> Path:
    """Add the results to a file of JSON lines, and return its path."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.jsonl"
    machine = {"python": platform.python_version(), "cores": os.cpu_count()}
    with path.open("a") as lines:
        for result in results:
            lines.write(json.dumps(asdict(result) | machine) + "\n")
    return path


def _campaign_row(outcome: Outcome) -> list[str]:
    died = [killed.in_flight for killed in outcome.kills if killed.target != "web"]
    first = [outcome.campaign.engine, f"{len(outcome.kills)}", f"{max(died, default=0)}"]
    return [*first, *_counts(outcome.findings), f"{outcome.seconds:.0f}"]


def _counts(findings: Findings) -> list[str]:
    states = findings.states
    numbers = (
        sum(states.values()),
        states.get("created", 0),
        states.get("unknown", 0),
        findings.held,
        *(getattr(findings, name) for name in FAILURES),
    )
    return [f"{number:,}" for number in numbers]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
