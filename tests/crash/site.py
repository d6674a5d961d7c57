"""An installation with its workers and its LMS, and the operations on it."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import Popen

from tests.crash.databases import Database, fresh
from tests.crash.tables import MOVING, Tables
from tests.crash.truth import Findings, check
from tests.product_processes import Product, installed
from tests.sandbox_process import Sandbox
from tests.waiting import wait_until

# Assignable items without rows; those that nobody has come first.
FREE_ITEMS = (
    "SELECT c.id, c.external_reference FROM assignments_content c WHERE c.is_active AND "
    "c.external_reference <> '' AND NOT EXISTS (SELECT 1 FROM assignments_assignment a "
    "WHERE a.content_id = c.id) ORDER BY (SELECT COUNT(*) FROM assignments_remoteassignment r "
    "WHERE r.content_id = c.id), c.id LIMIT {}"
)
PEOPLE = "SELECT remote_id FROM assignments_learner WHERE is_active ORDER BY id LIMIT {}"
# Expired leases and the settle window included.
LONGEST_SECONDS = 600
QUICK = {"GRACE_SECONDS": "0", "SETTLE_SECONDS": "5", "STACKONE_TIMEOUT_SECONDS": "2"}


@dataclass(frozen=True, slots=True)
class Selection:
    """LMS ids of people, references of items, and primary keys of the items."""

    people: Sequence[str]
    items: Sequence[str]
    item_pks: Sequence[int]


class Site:
    """An installation, and queries about it."""

    def __init__(self, product: Product, lms: Sandbox, database: Database, folder: Path) -> None:
        self.product = product
        self.lms = lms
        self.database = database
        self.folder = folder
        self.log = folder / "worker.log"
        self.tables = Tables(database.url)
        self.workers: list[Popen[str]] = []

    def start_worker(self, environment: Mapping[str, str] | None = None) -> Popen[str]:
        """Start a worker and wait for its first heartbeat."""
        product = replace(
            self.product, environment={**self.product.environment, **(environment or {})}
        )
        worker = product.start("worker", log=self.log)
        name = f":{worker.pid}"
        seen = f"SELECT COUNT(*) FROM assignments_worker WHERE name LIKE '%{name}'"
        wait_until(lambda: self.tables.value(seen), "the worker has sent a heartbeat")
        self.workers.append(worker)
        return worker

    def kill_workers(self) -> None:
        """Kill every worker."""
        for worker in self.workers:
            self.product.kill(worker)
        self.workers.clear()

    def submit(self, *, people: int, items: int, again: bool = False) -> None:
        """Submit a batch from the command line, of items without rows."""
        chosen = self.choose(people=people, items=items)
        self.assign(chosen.people, chosen.items, again=again)

    def choose(self, *, people: int, items: int) -> Selection:
        """Return people, and items that are in no row yet."""
        learners = self.tables.rows(PEOPLE.format(people))
        contents = self.tables.rows(FREE_ITEMS.format(items))
        assert (len(learners), len(contents)) == (people, items), "The LMS is too small for it."
        return Selection(
            people=[remote_id for (remote_id,) in learners],
            items=[reference for _, reference in contents],
            item_pks=[pk for pk, _ in contents],
        )

    def assign(self, people: Sequence[str], items: Sequence[str], *, again: bool = False) -> None:
        """Submit a batch from the command line; `again` includes people who have an item."""
        with tempfile.NamedTemporaryFile("w", dir=self.folder, suffix=".txt") as chosen:
            chosen.write("\n".join(people))
            chosen.flush()
            terms = "--as manager@example.com --due 2027-01-15 --status pending --yes --learners"
            more = ["--again"] if again else []
            words = [*terms.split(), chosen.name, "--content", *items, *more]
            self.product.manage("assign", *words)

    def held(self) -> int:
        """Return how many assignments the LMS created."""
        return int(self.lms.stats()["assignments"])

    def is_done(self) -> bool:
        """Return whether no row will change without a person's decision."""
        return not self.tables.count(MOVING)

    def wait_until_done(self, seconds: float = LONGEST_SECONDS) -> None:
        """Wait until no row will change without a person's decision."""
        wait_until(
            self.is_done, "every row comes to an end", seconds=seconds, explain=self.describe_state
        )

    def describe_state(self) -> str:
        """Return the states of the batches, their rows and the account."""
        rows = "SELECT state, COUNT(*) FROM assignments_assignment GROUP BY state ORDER BY state"
        batches = "SELECT id, state, pause_reason FROM assignments_batch ORDER BY id"
        account = "SELECT sender, sender_lease_until, pause_reason FROM assignments_account"
        return " ".join(str(self.tables.rows(query)) for query in (rows, batches, account))

    def expire_leases(self) -> None:
        """Expire the lease of a killed worker immediately."""
        self.tables.change(
            "UPDATE assignments_account SET sender_lease_until = '2000-01-01 00:00:00+00'"
        )

    def findings(self) -> Findings:
        """Verify the log and return the findings of the checks."""
        self.product.manage("audit", "seal")
        self.product.manage("audit", "verify")
        return check(self.tables, self.lms)


@contextmanager
def running_site(
    engine: str,
    folder: Path,
    lms: Sandbox,
    *,
    settings: Mapping[str, str],
    disk: Path | None = None,
) -> Iterator[Site]:
    """Install the product with a synced directory, on a database of its own.

    :param disk: where SQLite's file goes, if not into the folder as well
    """
    with fresh(engine, disk or folder) as database:
        own = {"DATABASE_URL": database.url, **QUICK, **settings}
        with installed(folder, lms, is_prepared=False, **own) as product:
            product.manage("sync")
            yield Site(product, lms, database, folder)
