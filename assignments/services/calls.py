"""Calls in flight: an event loop in a thread of its own, and the queue of how its calls ended."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import uvloop

from assignments.services.echoes import Echo, echo_of
from assignments.services.rhythm import Rhythm
from assignments.stackone.api import AsyncStackOne
from assignments.stackone.errors import NotSent, OutcomeUnknown, RateLimited, StackOneError
from assignments.stackone.ratelimits import limit_of

Clock = Callable[[], datetime]
SOON: Final = 0.0005
POLL: Final = 0.01
log = logging.getLogger(__name__)


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
    """Makes many calls at once; bookkeeping stays with the thread that owns this.

    :param call: makes the call of a job with a client; raises `StackOneError` only
    :param open_client: opens the client, in the thread of the calls
    :param slots: how many calls may be out at once; jobs beyond that wait in order
    """

    def __init__(
        self,
        *,
        call: Callable[[AsyncStackOne, Job], Awaitable[Reply]],
        open_client: Callable[[], AsyncStackOne],
        slots: int,
        clock: Clock,
    ) -> None:
        self._call = call
        self._open_client = open_client
        self._slots = slots
        self._clock = clock
        self._waiting: deque[tuple[float, Job]] = deque()
        self._out: set[asyncio.Task[None]] = set()
        self._ended: deque[Ended[Job, Reply]] = deque()
        self._rhythm = Rhythm()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closing = asyncio.Event()
        self.in_flight = 0
        self.may_leave_until = 0.0
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="calls")
        self._thread.start()

    def extend(self, seconds: float) -> None:
        """Allow calls to leave for so many seconds from now: the sender's lease was renewed."""
        self.may_leave_until = time.monotonic() + seconds

    def allow(self, slots: int, per_second: float) -> None:
        """Let so many calls be out at once, and no more than that leave in a second."""
        self._slots = slots
        self._rhythm.least_gap = 1 / per_second

    def start(self, jobs: Sequence[tuple[Job, datetime]]) -> None:
        """Make each job's call at its time, or as soon after it as a slot is free."""
        if not jobs:
            return
        self.in_flight += len(jobs)
        offset = time.monotonic() - self._clock().timestamp()
        timed = [(at.timestamp() + offset, job) for job, at in jobs]
        self._loop.call_soon_threadsafe(self._take, timed)

    def recall(self, why: str) -> None:
        """Give up the jobs whose calls have not left; they end as not sent."""
        self._loop.call_soon_threadsafe(self._give_up, why)

    def ended(self, *, within: float) -> list[Ended[Job, Reply]]:
        """Return the calls that ended up to `within` seconds from now, as one group."""
        time.sleep(within)
        found = [self._ended.popleft() for _ in range(len(self._ended))]
        self.in_flight -= len(found)
        return found

    def close(self) -> None:
        """Wait for the calls that are out, give up those that wait, and close the client."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._is_closing.set)
            self._thread.join()

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        async with self._open_client() as self._client:
            await self._is_closing.wait()
            self._give_up("The sender stopped before the request left.")
            while self._out:
                await asyncio.sleep(POLL)

    def _take(self, timed: list[tuple[float, Job]]) -> None:
        self._waiting.extend(timed)
        self._fill()

    def _give_up(self, why: str) -> None:
        while self._waiting:
            self._end(self._waiting.popleft()[1], NotSent(why))

    def _fill(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        while self._waiting and len(self._out) < self._slots:
            at, job = self._waiting[0]
            leaves_at = self._rhythm.next_leaves(at)
            if leaves_at > now + SOON:
                self._timer = self._loop.call_later(leaves_at - now, self._fill)
                return
            self._rhythm.left(at, now)
            self._waiting.popleft()
            self._out.add(self._loop.create_task(self._make(job)))

    async def _make(self, job: Job) -> None:
        left_at = time.monotonic()
        # Whoever took over the lease may be settling this row: it must not leave any more.
        if left_at > self.may_leave_until:
            self._end(job, NotSent("The sender lost its lease before the request left."))
        else:
            reply = await self._reply(job)
            self._end(job, reply, self._echo(reply, left_at))
        self._out.discard(asyncio.current_task())
        self._fill()

    def _end(self, job: Job, reply: Reply | StackOneError, echo: Echo | None = None) -> None:
        self._ended.append(Ended(job, reply, self._clock(), echo))

    def _echo(self, reply: Reply | StackOneError, left_at: float) -> Echo:
        now = time.monotonic()
        if isinstance(reply, RateLimited):
            self._rhythm.hold(now + reply.retry_after)
        limit = limit_of(self._client.last_headers)
        return echo_of(reply, left_at=left_at, ended_at=now, limit=limit)

    async def _reply(self, job: Job) -> Reply | StackOneError:
        try:
            return await self._call(self._client, job)
        except StackOneError as error:
            return error
        except Exception:
            # The top of a task: the row must keep a true state even when our own code is wrong.
            log.exception("A call failed in our own code")
            return OutcomeUnknown("Our own code failed during the call; the log has the details.")
