"""Everything one sandbox knows: its people, its content, its assignments and its mood."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from starlette.responses import Response

from assignments.stackone.sandbox.data.history import history
from assignments.stackone.sandbox.directory import Directory
from assignments.stackone.sandbox.faults import Faults
from assignments.stackone.sandbox.limiter import Limit, SlidingWindow
from assignments.stackone.sandbox.odd_forms import OddJSONResponse
from assignments.stackone.sandbox.options import SandboxOptions
from assignments.stackone.sandbox.store import Store
from assignments.stackone.sandbox.times import written


@dataclass
class World:
    """What the endpoints work on."""

    options: SandboxOptions
    store: Store
    directory: Directory
    faults: Faults
    limiter: SlidingWindow
    latency_ms: int
    rate_headers: bool
    requests: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    at_once: int = 0
    most_at_once: int = 0

    def visible(self) -> str:
        """Return the moment up to which assignments can be seen."""
        delay = timedelta(milliseconds=self.options.visible_after_ms)
        return written(datetime.now(UTC) - delay)

    def say(self, content: Any, status: int = 200) -> Response:
        """Answer with JSON in the forms this sandbox uses."""
        if self.options.odd_forms:
            return OddJSONResponse(content, status)
        return Response(orjson.dumps(content), status, media_type="application/json")


def make_world(options: SandboxOptions, store: Store) -> World:
    """Make up the world the options describe, with its history in the store.

    :raises UnusableFile: the store holds another world's assignments
    """
    directory = Directory(options)
    store.seed(
        f"--seed {options.seed} --learners {options.learners} --content {options.content}",
        history(options.seed, directory.learners, directory.content),
    )
    return World(
        options=options,
        store=store,
        directory=directory,
        faults=Faults(options.faults, options.seed),
        limiter=SlidingWindow(Limit(options.requests_per_minute, options.window_seconds)),
        latency_ms=options.latency_ms,
        rate_headers=options.rate_headers,
    )
