"""The parent's side of the child process that makes API calls (`stackone.call_loop`)."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from multiprocessing import forkserver
from typing import Final, cast

from assignments.stackone import call_loop, page_process
from assignments.stackone.call_samples import CallSample
from assignments.stackone.call_scheduler import FinishedCall, ScheduledCall
from assignments.stackone.commands import Command
from assignments.stackone.errors import OutcomeUnknown, StackOneError

Clock = Callable[[], datetime]
# A fork server that has everything imported starts a child within a few milliseconds.
PROCESSES: Final = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([call_loop.__name__, page_process.__name__])
PROCESS_DIED: Final = "The process that made the call ended before the response came."


def start_forkserver() -> None:
    """Start the fork server and its imports, so that the first sender need not wait for them."""
    forkserver.ensure_running()


@dataclass(frozen=True, slots=True)
class EndedCall[Job, Result]:
    """How the call for a job ended: with a result or an error.

    :ivar ended_at: when it ended (UTC)
    :ivar sample: what the call shows about the API; None if it was never sent
    """

    job: Job
    result: Result | StackOneError
    ended_at: datetime
    sample: CallSample | None = None


class CallProcess[Job, Result]:
    """Makes calls in a child process while the parent writes how earlier ones ended.

    No call is sent before `extend_lease`.

    :param command_for: returns the command that makes a job's call
    :param client_options: keyword arguments of the client in the child process
    :param concurrency: how many calls may be in flight; jobs beyond that wait in order
    :ivar has_died: the child ended unexpectedly; calls in flight end with `OutcomeUnknown`
    """

    def __init__(
        self,
        *,
        command_for: Callable[[Job], Command[Result]],
        client_options: call_loop.ClientOptions,
        concurrency: int,
        clock: Clock,
    ) -> None:
        self._command_for = command_for
        self._clock = clock
        self._jobs: dict[int, Job] = {}
        self._ended: list[EndedCall[Job, Result]] = []
        self._numbers = count()
        self.has_died = False
        self._pipe, child_pipe = multiprocessing.Pipe()
        with child_pipe:
            self._process = PROCESSES.Process(
                target=call_loop.run, args=(child_pipe, client_options)
            )
            self._process.start()
        self.set_limits(concurrency, per_second=float("inf"))

    @property
    def in_flight(self) -> int:
        """Return how many started jobs have not been returned as ended, sent or not."""
        return len(self._jobs)

    @property
    def pid(self) -> int | None:
        """Return the process id of the child."""
        return self._process.pid

    def extend_lease(self, seconds: float) -> None:
        """Allow calls to be sent for so many seconds from now: the sender's lease was renewed."""
        self._call_method("extend_lease", time.monotonic() + seconds)

    def set_limits(self, concurrency: int, per_second: float) -> None:
        """Set how many calls may be in flight, and how many may be sent per second."""
        self._call_method("set_limits", concurrency, per_second)

    def start(self, jobs: Sequence[tuple[Job, float]]) -> None:
        """Make each job's call at its time, or as soon after it as the limits allow.

        :param jobs: each with its send time in monotonic seconds, which no clock change affects
        """
        calls = [
            ScheduledCall(next(self._numbers), send_monotonic, self._command_for(job))
            for job, send_monotonic in jobs
        ]
        self._jobs |= {call.number: job for call, (job, _) in zip(calls, jobs, strict=True)}
        self._call_method("schedule", calls)

    def cancel_waiting(self, reason: str) -> None:
        """Cancel the calls that have not been sent; they end with `HeldBack`."""
        self._call_method("cancel_waiting", reason)

    def wait_for_ended(self, *, seconds: float) -> list[EndedCall[Job, Result]]:
        """Return the calls that end within so many seconds; sooner when none is left in flight."""
        until = time.monotonic() + seconds
        self._receive(0)
        while not self.has_died and (self._jobs or not self._ended):
            seconds_left = until - time.monotonic()
            if seconds_left <= 0:
                break
            self._receive(seconds_left)
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Cancel the calls that have not been sent, wait for those in flight, end the child."""
        self._send(None)
        while not self.has_died:
            self._receive(None)
        self._process.join()
        self._pipe.close()

    def _call_method(self, name: str, *arguments: object) -> None:
        self._send((name, arguments))

    def _send(self, call: call_loop.MethodCall | None) -> None:
        # If the child has died, that shows when results are read: after those that it sent before.
        with suppress(OSError):
            self._pipe.send(call)

    def _receive(self, seconds: float | None) -> None:
        try:
            if self._pipe.poll(seconds):
                self._ended += map(self._ended_call, self._pipe.recv())
        except (EOFError, OSError):
            self._handle_death()

    def _ended_call(self, call: FinishedCall) -> EndedCall[Job, Result]:
        age = timedelta(seconds=time.monotonic() - call.ended_monotonic)
        job = self._jobs.pop(call.number)
        result = cast("Result | StackOneError", call.result)
        return EndedCall(job, result, self._clock() - age, call.sample)

    def _handle_death(self) -> None:
        self.has_died = True
        error, now = OutcomeUnknown(PROCESS_DIED), self._clock()
        self._ended += [EndedCall(job, error, now) for job in self._jobs.values()]
        self._jobs.clear()
