"""Calls in flight: a process of its own makes them, this is the end that its owner holds."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from multiprocessing import forkserver
from typing import Any, Final, cast

from assignments.stackone import call_loop, page_process
from assignments.stackone.call_samples import Echo
from assignments.stackone.call_scheduler import Landed, Planned
from assignments.stackone.commands import Errand
from assignments.stackone.errors import OutcomeUnknown, StackOneError

Clock = Callable[[], datetime]
# Started once, with everything loaded: each process is then there in a few milliseconds.
PROCESSES: Final = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([call_loop.__name__, page_process.__name__])
LOST: Final = "The process that made the call ended before the answer came."


def prepare() -> None:
    """Load what the processes of calls need, so that the first delivery need not wait for it."""
    forkserver.ensure_running()


@dataclass(frozen=True, slots=True)
class Ended[Job, Reply]:
    """How one call ended: the job it was for, and the reply or the error.

    :ivar echo: what the call tells about the API; None if it never left
    """

    job: Job
    reply: Reply | StackOneError
    ended_at: datetime
    echo: Echo | None = None


class Calls[Job, Reply]:
    """Makes many calls at once while its owner writes down how others ended.

    :param errand: returns the call of a job
    :param options: what the client in the other process is made with
    :param slots: how many calls may be out at once; jobs beyond that wait in order
    :ivar is_lost: the process ended by itself; what was in flight ends as unknown
    """

    def __init__(
        self,
        *,
        errand: Callable[[Job], Errand[Reply]],
        options: call_loop.Options,
        slots: int,
        clock: Clock,
    ) -> None:
        self._errand = errand
        self._clock = clock
        self._jobs: dict[int, Job] = {}
        self._ended: list[Ended[Job, Reply]] = []
        self._numbers = count()
        self.is_lost = False
        self._end, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = PROCESSES.Process(target=call_loop.serve, args=(theirs, options))
            self._process.start()
        self.allow(slots, per_second=float("inf"))

    @property
    def in_flight(self) -> int:
        """Return how many jobs were started and have not been returned as ended."""
        return len(self._jobs)

    @property
    def pid(self) -> int | None:
        """Return the id of the process."""
        return self._process.pid

    def extend(self, seconds: float) -> None:
        """Allow calls to leave for so many seconds from now: the sender's lease was renewed."""
        self._order("extend", time.monotonic() + seconds)

    def allow(self, slots: int, per_second: float) -> None:
        """Let so many calls be out at once, and no more than that leave in a second."""
        self._order("allow", slots, per_second)

    def start(self, jobs: Sequence[tuple[Job, float]]) -> None:
        """Make each job's call at its time, or as soon after it as a slot is free.

        :param jobs: each with seconds of the monotonic clock, which nobody can set
        """
        planned = [
            Planned(next(self._numbers), leaves_at, self._errand(job)) for job, leaves_at in jobs
        ]
        self._jobs |= {one.number: job for one, (job, _) in zip(planned, jobs, strict=True)}
        self._order("take", planned)

    def recall(self, why: str) -> None:
        """Give up the jobs whose calls have not left; they end as not sent."""
        self._order("recall", why)

    def ended(self, *, within: float) -> list[Ended[Job, Reply]]:
        """Return the calls that end within so many seconds, or sooner if they are the last."""
        until = time.monotonic() + within
        self._hear(0)
        while not self.is_lost and (self._jobs or not self._ended):
            seconds = until - time.monotonic()
            if seconds <= 0:
                break
            self._hear(seconds)
        found, self._ended = self._ended, []
        return found

    def close(self) -> None:
        """Give up what waits, wait for the calls that are out, and end the process."""
        self._send(None)
        while not self.is_lost:
            self._hear(None)
        self._process.join()
        self._end.close()

    def _order(self, name: str, *arguments: Any) -> None:
        self._send((name, arguments))

    def _send(self, order: call_loop.Order | None) -> None:
        try:
            self._end.send(order)
        except OSError:
            self._lose()

    def _hear(self, seconds: float | None) -> None:
        try:
            if self._end.poll(seconds):
                self._ended += map(self._ended_as, self._end.recv())
        except (EOFError, OSError):
            self._lose()

    def _ended_as(self, landed: Landed) -> Ended[Job, Reply]:
        ago = timedelta(seconds=time.monotonic() - landed.ended_at)
        job = self._jobs.pop(landed.number)
        reply = cast("Reply | StackOneError", landed.reply)
        return Ended(job, reply, self._clock() - ago, landed.echo)

    def _lose(self) -> None:
        self.is_lost = True
        why, now = OutcomeUnknown(LOST), self._clock()
        self._ended += [Ended(job, why, now) for job in self._jobs.values()]
        self._jobs.clear()
