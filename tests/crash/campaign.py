"""One run: a batch under faults, kills at random moments, and checks at the end."""

import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from tests.crash import faults
from tests.crash.kills import Kill, Killed, kill_and_restart, planned
from tests.crash.site import Site, running_site
from tests.crash.truth import Findings
from tests.crash.web import Manager, PageReloader, Web
from tests.sandbox_process import running_sandbox
from tests.waiting import WaitTimeout, wait_until

# Margin for inactive people and for items that cannot be assigned.
SPARE = 1.1
ROWS_A_PERSON = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What a run does; the same seed makes the same plan of kills and faults.

    :ivar batches: number of batches, all submitted at the same moment
    :ivar waits_for_leases: whether leases of killed workers expire normally, after 30 s each
    :ivar longest_seconds: a run that takes longer has failed
    """

    engine: str
    rows: int
    kills: int
    fault_share: float
    read_fault_share: float = 0
    seed: int
    batches: int = 1
    waits_for_leases: bool = True
    longest_seconds: float = 1_500
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a run."""

    campaign: Campaign
    seconds: float
    kills: tuple[Killed, ...]
    pages: Mapping[str, int]
    requests: Mapping[str, Mapping[str, int]]
    findings: Findings


def run(campaign: Campaign, on_kill: Callable[[Killed], object] = lambda _: None) -> Outcome:
    """Run a campaign to its end; `on_kill` is called with each kill."""
    items = min(ROWS_A_PERSON, campaign.rows)
    people = campaign.rows // items
    sandbox_size = {"learners": int(people * SPARE) + 10, "content": int(items * SPARE) + 20}
    with (
        tempfile.TemporaryDirectory(prefix="desk-crash-") as name,
        running_sandbox(**sandbox_size, seed=campaign.seed) as lms,
        running_site(campaign.engine, Path(name), lms, settings=campaign.settings) as site,
    ):
        lms.set_faults(faults.shares(campaign.fault_share, campaign.read_fault_share))
        return _Run(campaign, site, on_kill).all(people, items)


class _Run:
    def __init__(self, campaign: Campaign, site: Site, on_kill: Callable[[Killed], object]) -> None:
        self._campaign = campaign
        self._site = site
        self._on_kill = on_kill
        self._killed: list[Killed] = []
        self._began = time.monotonic()

    def all(self, people: int, items: int) -> Outcome:
        """Submit, kill, wait for the end and check."""
        site, campaign = self._site, self._campaign
        plan = planned(
            engine=campaign.engine,
            rows=people * items,
            kills=campaign.kills,
            random=Random(campaign.seed),
        )
        site.start_worker()
        with Web(site.product) as web, Manager(web.url) as manager:
            self._submit(people, items)
            self._began = time.monotonic()
            with PageReloader(manager) as reloader:
                problems = self._until_the_end(plan, web)
            if manager.get("/batches/").status_code != 200:
                problems = (*problems, "The web process no longer responds")
        final = site.findings()
        findings = replace(final, problems=(*problems, *final.problems))
        return Outcome(
            campaign=campaign,
            seconds=time.monotonic() - self._began,
            kills=tuple(self._killed),
            pages=dict(reloader.responses),
            requests=site.lms.stats()["requests"],
            findings=findings,
        )

    def _submit(self, people: int, items: int) -> None:
        batches = self._campaign.batches
        chosen = self._site.choose(people=people, items=items)
        parts = [chosen.items[number::batches] for number in range(batches)]
        with ThreadPoolExecutor(batches) as pool:
            list(pool.map(lambda part: self._site.assign(chosen.people, part, again=True), parts))

    def _until_the_end(self, plan: list[Kill], web: Web) -> tuple[str, ...]:
        try:
            for kill in plan:
                self._kill(kill, web)
            self._site.wait_until_done(self._left())
        except WaitTimeout as problem:
            return (str(problem),)
        return ()

    def _kill(self, kill: Kill, web: Web) -> None:
        site = self._site
        wait_until(
            lambda: site.held() >= kill.at_held or site.is_done(),
            f"the LMS holds {kill.at_held}",
            seconds=self._left(),
            explain=site.describe_state,
        )
        at = time.monotonic() - self._began
        held, in_flight = kill_and_restart(kill, site, web)
        if kill.ends_workers and not self._campaign.waits_for_leases:
            site.expire_leases()
        self._killed.append(Killed(len(self._killed) + 1, kill.target, at, held, in_flight))
        self._on_kill(self._killed[-1])

    def _left(self) -> float:
        return self._campaign.longest_seconds - (time.monotonic() - self._began)
