"""Calls in flight: threads that each own a client, and the queue of how their calls ended."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue

from assignments.stackone.client import StackOne
from assignments.stackone.errors import NotSent, OutcomeUnknown, StackOneError

Clock = Callable[[], datetime]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ended[Job, Reply]:
    """How one call ended: the job it was for, and the reply or the error."""

    job: Job
    reply: Reply | StackOneError
    ended_at: datetime


class Calls[Job, Reply]:
    """Runs a bounded number of calls at once; bookkeeping stays with the thread that owns this.

    :param call: makes the call of a job with a client; raises `StackOneError` only
    :param open_client: opens one client for each thread, because a pool that threads share gets
        slower with every connection
    """

    def __init__(
        self,
        *,
        call: Callable[[StackOne, Job], Reply],
        open_client: Callable[[], StackOne],
        slots: int,
        clock: Clock,
    ) -> None:
        self._call = call
        self._open_client = open_client
        self._clock = clock
        self._own = threading.local()
        self._clients: SimpleQueue[StackOne] = SimpleQueue()
        self._ended: SimpleQueue[Ended[Job, Reply]] = SimpleQueue()
        self._pool = ThreadPoolExecutor(slots, "call", initializer=self._start_thread)
        self._slots = slots
        self.in_flight = 0
        self.may_leave_until = 0.0

    @property
    def free(self) -> int:
        """How many more calls may be started now."""
        return self._slots - self.in_flight

    def extend(self, seconds: float) -> None:
        """Allow calls to leave for so many seconds from now: the sender's lease was renewed."""
        self.may_leave_until = time.monotonic() + seconds

    def start(self, job: Job, *, at: datetime) -> None:
        """Make the job's call at the given time, in a thread of its own."""
        self.in_flight += 1
        self._pool.submit(self._run, job, at)

    def ended(self, *, within: float) -> list[Ended[Job, Reply]]:
        """Return the calls that ended up to `within` seconds from now, as one group."""
        time.sleep(within)
        found: list[Ended[Job, Reply]] = []
        while not self._ended.empty():
            found.append(self._ended.get_nowait())
        self.in_flight -= len(found)
        return found

    def close(self) -> None:
        """Wait for the threads to end and close their clients."""
        self._pool.shutdown()
        while not self._clients.empty():
            self._clients.get().close()

    def _start_thread(self) -> None:
        self._own.client = self._open_client()
        self._clients.put(self._own.client)

    def _run(self, job: Job, at: datetime) -> None:
        self._ended.put(Ended(job, self._reply(job, at), self._clock()))

    def _reply(self, job: Job, at: datetime) -> Reply | StackOneError:
        time.sleep(max(0.0, (at - self._clock()).total_seconds()))
        # Whoever took over the lease may be settling this row: it must not leave any more.
        if time.monotonic() > self.may_leave_until:
            return NotSent("The sender lost its lease before the request left.")
        try:
            return self._call(self._own.client, job)
        except StackOneError as error:
            return error
        except Exception:
            # The top of a thread: the row must keep a true state even when our own code is wrong.
            log.exception("A call failed in our own code")
            return OutcomeUnknown("Our own code failed during the call; the log has the details.")
