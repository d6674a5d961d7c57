"""Options of a sandbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class SandboxOptions:
    """Where the sandbox listens, how much data it has, its limits and injected faults."""

    host: str = "127.0.0.1"
    port: int = 9100
    learners: int = 5000
    content: int = 300
    latency_ms: int = 0
    requests_per_minute: int = 1000
    window_seconds: int = 60
    rate_headers: bool = False
    faults: Mapping[str, float] = field(default_factory=dict)
    visible_after_ms: int = 0
    seed: int = 1
    db: Path | None = None
    odd_forms: bool = False
    api_key: str = "sandbox"
    account_id: str = "sandbox"
