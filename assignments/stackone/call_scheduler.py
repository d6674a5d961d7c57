"""Schedule calls on one event loop: each is sent at its reserved time, within the limits.

All times are seconds of the machine's monotonic clock, which every process on it shares.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from assignments.stackone.api import AsyncStackOne
from assignments.stackone.call_samples import CallSample, make_sample, wait_seconds
from assignments.stackone.commands import Command
from assignments.stackone.errors import HeldBack, OutcomeUnknown, RateLimited, StackOneError
from assignments.stackone.rate_limit_headers import parse_rate_limit
from assignments.stackone.send_timing import SendTiming

# A call this close to its time, in seconds, is sent now: a timer could not be more exact.
EARLY_TOLERANCE: Final = 0.0005
log = logging.getLogger("assignments.stackone")


class ScheduledCall(NamedTuple):
    """A command, its number, and the monotonic time from which it may be sent."""

    number: int
    send_monotonic: float
    command: Command[object]


class FinishedCall(NamedTuple):
    """How a scheduled call ended: with a result or an error.

    :ivar sample: what the call shows about the API; None if it was never sent
    """

    number: int
    result: object | StackOneError
    ended_monotonic: float
    sample: CallSample | None = None


class CallScheduler:
    """Send the scheduled calls of one client.

    Nothing is sent until `set_limits` and `extend_lease` were called.

    :param on_finished: called with every call that ended
    """

    def __init__(self, client: AsyncStackOne, on_finished: Callable[[FinishedCall], None]) -> None:
        self._client = client
        self._on_finished = on_finished
        self._concurrency = 1
        self._lease_until = 0.0
        self._waiting: deque[ScheduledCall] = deque()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._timing = SendTiming()
        self._timer: asyncio.TimerHandle | None = None

    def extend_lease(self, until: float) -> None:
        """Allow calls to be sent until that monotonic time: the sender's lease was renewed."""
        self._lease_until = until

    def set_limits(self, concurrency: int, per_second: float) -> None:
        """Set how many calls may be in flight, and how many may be sent per second."""
        self._concurrency = concurrency
        self._timing.minimum_gap = 1 / per_second

    def schedule(self, calls: Iterable[ScheduledCall]) -> None:
        """Queue calls; each is sent at its time, or as soon after it as the limits allow."""
        self._waiting.extend(calls)
        self._send_due()

    def cancel_waiting(self, reason: str) -> None:
        """Cancel the calls that have not been sent; each ends with `HeldBack`."""
        while self._waiting:
            self._finish_call(self._waiting.popleft().number, HeldBack(reason))

    async def finish(self) -> None:
        """Cancel the calls that have not been sent, and wait for those in flight."""
        self.cancel_waiting("The sender stopped before the request was sent.")
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    def _send_due(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        while self._waiting and len(self._in_flight) < self._concurrency:
            number, reserved, command = self._waiting[0]
            send_at = self._timing.earliest_send(reserved)
            if send_at > now + EARLY_TOLERANCE:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(send_at - now, self._send_due)
                return
            self._timing.record_send(reserved, now)
            self._waiting.popleft()
            self._in_flight.add(asyncio.create_task(self._call(number, command)))

    async def _call(self, number: int, command: Command[object]) -> None:
        sent_monotonic = time.monotonic()
        # Another sender may have taken over the lease and this row: it must not be sent twice.
        if sent_monotonic > self._lease_until:
            self._finish_call(
                number, HeldBack("The sender lost its lease before the request was sent.")
            )
        else:
            result = await self._result(command)
            self._finish_call(number, result, self._sample(result, sent_monotonic))
        self._in_flight.remove(asyncio.current_task())  # type: ignore[arg-type]  # inside a task
        self._send_due()

    def _finish_call(self, number: int, result: object, sample: CallSample | None = None) -> None:
        self._on_finished(FinishedCall(number, result, time.monotonic(), sample))

    def _sample(self, result: object, sent_monotonic: float) -> CallSample:
        now = time.monotonic()
        if isinstance(result, RateLimited):
            self._timing.back_off_until(now + wait_seconds(result))
        limit = parse_rate_limit(self._client.last_headers)
        return make_sample(result, sent_monotonic=sent_monotonic, ended_monotonic=now, limit=limit)

    async def _result(self, command: Command[object]) -> object:
        try:
            return await command.run(self._client)
        except StackOneError as error:
            return error
        except Exception:
            # The top of a task: even after a bug the row must end in a state that is true.
            log.exception("A call failed because of a bug in Assignment Desk")
            return OutcomeUnknown(
                "A bug in Assignment Desk ended the call; the application log has the details."
            )
