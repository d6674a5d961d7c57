"""Calls in flight on one event loop: each leaves at its time, and never without leave."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from assignments.stackone.api import AsyncStackOne
from assignments.stackone.call_samples import Echo, echo_of
from assignments.stackone.commands import Errand
from assignments.stackone.errors import NotSent, OutcomeUnknown, RateLimited, StackOneError
from assignments.stackone.rate_limit_headers import limit_of
from assignments.stackone.send_timing import Rhythm

SOON: Final = 0.0005
log = logging.getLogger("assignments.stackone")


class Planned(NamedTuple):
    """An errand with its number and the time it may leave at."""

    number: int
    leaves_at: float
    errand: Errand[Any]


class Landed(NamedTuple):
    """How an errand ended: with a reply or an error.

    :ivar echo: what the call tells about the API; None if it never left
    """

    number: int
    reply: object | StackOneError
    ended_at: float
    echo: Echo | None = None


class Flight:
    """Makes the calls of one client; all times are seconds of the machine's monotonic clock.

    :param landed: is told of every errand that ended
    """

    def __init__(self, client: AsyncStackOne, landed: Callable[[Landed], None]) -> None:
        self._client = client
        self._landed = landed
        self._slots = 1
        self._leave_until = 0.0
        self._waiting: deque[Planned] = deque()
        self._out: set[asyncio.Task[None]] = set()
        self._rhythm = Rhythm()
        self._timer: asyncio.TimerHandle | None = None

    def extend(self, until: float) -> None:
        """Allow calls to leave until then: the sender's lease was renewed."""
        self._leave_until = until

    def allow(self, slots: int, per_second: float) -> None:
        """Let so many calls be out at once, and no more than that leave in a second."""
        self._slots = slots
        self._rhythm.least_gap = 1 / per_second

    def take(self, planned: Iterable[Planned]) -> None:
        """Make each call at its time, or as soon after it as a slot is free."""
        self._waiting.extend(planned)
        self._fill()

    def recall(self, why: str) -> None:
        """Give up what has not left; it ends as not sent."""
        while self._waiting:
            self._end(self._waiting.popleft().number, NotSent(why))

    async def finish(self) -> None:
        """Give up what has not left, and wait for what is out."""
        self.recall("The sender stopped before the request left.")
        while self._out:
            await asyncio.wait(self._out)

    def _fill(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        while self._waiting and len(self._out) < self._slots:
            number, reserved, errand = self._waiting[0]
            leaves_at = self._rhythm.next_leaves(reserved)
            if leaves_at > now + SOON:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(leaves_at - now, self._fill)
                return
            self._rhythm.left(reserved, now)
            self._waiting.popleft()
            self._out.add(asyncio.create_task(self._make(number, errand)))

    async def _make(self, number: int, errand: Errand[Any]) -> None:
        left_at = time.monotonic()
        # Whoever took over the lease may be settling this row: it must not leave any more.
        if left_at > self._leave_until:
            self._end(number, NotSent("The sender lost its lease before the request left."))
        else:
            reply = await self._reply(errand)
            self._end(number, reply, self._echo(reply, left_at))
        self._out.remove(asyncio.current_task())  # type: ignore[arg-type]  # inside a task
        self._fill()

    def _end(self, number: int, reply: object, echo: Echo | None = None) -> None:
        self._landed(Landed(number, reply, time.monotonic(), echo))

    def _echo(self, reply: object, left_at: float) -> Echo:
        now = time.monotonic()
        if isinstance(reply, RateLimited):
            self._rhythm.hold(now + reply.retry_after)
        limit = limit_of(self._client.last_headers)
        return echo_of(reply, left_at=left_at, ended_at=now, limit=limit)

    async def _reply(self, errand: Errand[Any]) -> object:
        try:
            return await errand.run(self._client)
        except StackOneError as error:
            return error
        except Exception:
            # The top of a task: the row must keep a true state even when our own code is wrong.
            log.exception("A call failed in our own code")
            return OutcomeUnknown("Our own code failed during the call; the log has the details.")
