"""The state of a running sandbox: options, data, faults, rate limit and counters."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson
from starlette.responses import Response

from assignments.stackone.sandbox.data.history import generate_history
from assignments.stackone.sandbox.directory import Directory
from assignments.stackone.sandbox.faults import Faults
from assignments.stackone.sandbox.odd_forms import OddJSONResponse
from assignments.stackone.sandbox.options import SandboxOptions
from assignments.stackone.sandbox.rate_limit import RateLimit, SlidingWindow
from assignments.stackone.sandbox.store import Store
from assignments.stackone.sandbox.timestamps import format_timestamp


@dataclass
class SandboxState:
    """What the endpoints work on.

    :ivar requests: responses by route and outcome
    :ivar seconds: requests accepted and refused by the rate limit, by monotonic second
    :ivar concurrent_requests: how many are being processed now
    """

    options: SandboxOptions
    store: Store
    directory: Directory
    faults: Faults
    limiter: SlidingWindow
    latency_ms: int
    rate_headers: bool
    requests: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    concurrent_requests: int = 0
    peak_concurrency: int = 0

    def visible_until(self) -> str:
        """Return the creation time up to which assignments are visible."""
        delay = timedelta(milliseconds=self.options.visible_after_ms)
        return format_timestamp(datetime.now(UTC) - delay)

    def json_response(self, content: object, status: int = 200) -> Response:
        """Return a JSON response in the forms of this sandbox."""
        if self.options.odd_forms:
            return OddJSONResponse(content, status)
        return Response(orjson.dumps(content), status, media_type="application/json")


def create_state(options: SandboxOptions, store: Store) -> SandboxState:
    """Generate the data that the options describe, and insert its history into the store.

    :raises UnusableFile: the store was made with other options
    """
    directory = Directory(options)
    store.seed(
        f"--seed {options.seed} --learners {options.learners} --content {options.content}",
        generate_history(options.seed, directory.learners, directory.content),
    )
    return SandboxState(
        options=options,
        store=store,
        directory=directory,
        faults=Faults(options.faults, options.seed),
        limiter=SlidingWindow(RateLimit(options.requests_per_minute, options.window_seconds)),
        latency_ms=options.latency_ms,
        rate_headers=options.rate_headers,
    )
