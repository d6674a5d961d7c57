"""Check a run: compare the rows with the records of the sandbox and with the log."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assignments.audit.entries.row_numbers import groups_of
from tests.crash.tables import Tables
from tests.sandbox_process import Sandbox

SETTLED = ("created", "rejected", "skipped", "cancelled")
OUTCOMES = tuple(f"assignment.{state}" for state in SETTLED)
# What the log has of a row that is not settled.
OPEN_ACTIONS = {"unknown": "assignment.outcome_unknown", "confirmed": "assignment.confirmed"}
CREATES = "POST /unified/lms/users/{id}/assignments"
MOST_LISTED = 5
ROWS = (
    "SELECT id, learner_remote_id, content_reference, state, remote_id, read_back_at IS NULL, "
    "attempt, 'batch/' || (SELECT number FROM assignments_batch b WHERE b.id = batch_id), position "
    "FROM assignments_assignment ORDER BY id"
)
LOGGED = "SELECT subject, action FROM assignments_logentry WHERE action IN ({})".format(
    ", ".join(f"'{action}'" for action in (*OUTCOMES, *OPEN_ACTIONS.values()))
)
STARTED = "SELECT batch, body FROM assignments_logentry WHERE action = 'calls.started'"
# A row by its batch and its number there, and the number of one of its attempts.
type Attempt = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """An assignment in our tables; `waits` if it needs a person's decision."""

    pk: int
    learner: str
    reference: str
    state: str
    remote_id: str
    waits: bool
    attempt: int
    batch: str
    position: int

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt of the row."""
        return [(self.batch, self.position, number) for number in range(1, self.attempt + 1)]

    @property
    def pair(self) -> tuple[str, str]:
        """The person and the item."""
        return self.learner, self.reference

    @property
    def is_undecided(self) -> bool:
        """Whether a person has to find out if the LMS has it."""
        return self.state == "confirmed" or (self.state == "unknown" and self.waits)


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings of the checks; each count of the second group should be zero."""

    states: Mapping[str, int]
    held: int

    twice: int = 0
    lost: int = 0
    untrue: int = 0
    unclaimed: int = 0
    in_sending: int = 0
    unlogged: int = 0
    unclaimed_calls: int = 0
    problems: Sequence[str] = field(default_factory=tuple)

    @property
    def is_clean(self) -> bool:
        """Whether every check passed."""
        return not self.problems


def judge(
    rows: Sequence[Row],
    held: Iterable[tuple[str, str, str]],
    logged: Iterable[tuple[str, str]],
    started: Iterable[Attempt],
    *,
    calls: int = 0,
) -> Findings:
    """Compare the rows with the records of the LMS and with the log.

    :param held: learner, content reference and id of everything that was created in the LMS
    :param logged: subject and action of every log entry about an outcome
    :param started: every attempt that an entry says was started
    :param calls: how many create requests the LMS received
    """
    by_pair: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for learner, reference, remote_id in held:
        by_pair[learner, reference].append(remote_id)
    failures = {
        "twice": list(_twice(by_pair)),
        "lost": list(_lost(rows, by_pair)),
        "untrue": list(_untrue(rows, by_pair)),
        "unclaimed": list(_unclaimed(rows, by_pair)),
        "in_sending": [f"{_describe(row)} is in sending" for row in rows if row.state == "sending"],
        "unlogged": [*_unlogged(rows, logged), *_unlogged_calls(rows, started)],
    }
    excess = max(0, calls - sum(row.attempt for row in rows))
    problems = [text for texts in failures.values() for text in texts[:MOST_LISTED]]
    if excess:
        problems.append(f"The LMS received {excess} create requests that belong to no row")
    return Findings(
        states=dict(sorted(Counter(row.state for row in rows).items())),
        held=sum(map(len, by_pair.values())),
        unclaimed_calls=excess,
        problems=tuple(problems),
        **{name: len(texts) for name, texts in failures.items()},
    )


def check(tables: Tables, lms: Sandbox) -> Findings:
    """Check the tables, the log and the LMS as they are now."""
    stats = lms.stats(held=True)
    return judge(
        [Row(*values) for values in tables.rows(ROWS)],
        [(learner, reference, remote_id) for learner, reference, remote_id, _ in stats["held"]],
        [(subject, action) for subject, action in tables.rows(LOGGED)],
        _started(tables),
        calls=sum(stats["requests"].get(CREATES, {}).values()),
    )


type Held = Mapping[tuple[str, str], list[str]]


def _twice(held: Held) -> Iterator[str]:
    for (learner, reference), ids in held.items():
        yield from (f"{learner} has {reference} once more: {extra}" for extra in ids[1:])


def _lost(rows: Iterable[Row], held: Held) -> Iterator[str]:
    for row in rows:
        if row.state not in SETTLED and not row.is_undecided:
            yield f"{_describe(row)} is not settled"
        elif row.state == "created" and row.remote_id not in held.get(row.pair, []):
            yield f"{_describe(row)} is not held by the LMS"


def _untrue(rows: Iterable[Row], held: Held) -> Iterator[str]:
    for row in rows:
        if row.state in {"rejected", "skipped", "cancelled"} and held.get(row.pair):
            yield f"{_describe(row)} is held by the LMS: {held[row.pair]}"


def _unclaimed(rows: Iterable[Row], held: Held) -> Iterator[str]:
    claims = Counter(row.remote_id for row in rows if row.remote_id)
    open_pairs = {row.pair for row in rows if row.is_undecided}
    for pair, ids in held.items():
        for remote_id in ids:
            if claims[remote_id] != 1 and not (claims[remote_id] == 0 and pair in open_pairs):
                yield f"{remote_id} of {pair} is claimed by {claims[remote_id]} rows"


def _unlogged(rows: Iterable[Row], logged: Iterable[tuple[str, str]]) -> Iterator[str]:
    entries: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for subject, action in logged:
        entries[subject][action] += 1
    for row in rows:
        actions = entries[f"assignment/{row.pk}"]
        outcomes = {action: count for action, count in actions.items() if action in OUTCOMES}
        expected = {f"assignment.{row.state}": 1} if row.state in SETTLED else {}
        if outcomes != expected or (
            row.state in OPEN_ACTIONS and not actions[OPEN_ACTIONS[row.state]]
        ):
            yield f"{_describe(row)}, and the log has {dict(actions)}"


def _started(tables: Tables) -> Iterator[Attempt]:
    for batch, body in tables.rows(STARTED):
        for positions, group in groups_of(json.loads(bytes(body))):
            yield from ((batch, position, int(str(group["attempt"]))) for position in positions)


def _unlogged_calls(rows: Iterable[Row], started: Iterable[Attempt]) -> Iterator[str]:
    times = Counter(started)
    for row in rows:
        for attempt in row.attempts:
            if times[attempt] != 1:
                yield f"{_describe(row)}: attempt {attempt[-1]} is in {times[attempt]} entries"


def _describe(row: Row) -> str:
    return f"Row {row.pk} ({row.learner}, {row.reference}, {row.state}, attempt {row.attempt})"
