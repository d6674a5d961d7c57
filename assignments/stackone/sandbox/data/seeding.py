"""Everything made up comes from the seed, so that one seed always makes the same world."""

import base64
import hashlib
import random
from datetime import UTC, datetime

# The day the made-up world was written down: a fixed one, so that a restart changes no date.
WRITTEN_AT = datetime(2026, 11, 2, 8, tzinfo=UTC)


def chance(seed: int, purpose: str) -> random.Random:
    """Return a source of choices that is the same for the same seed and purpose."""
    return random.Random(f"{purpose}/{seed}")  # noqa: S311 -- made-up people need no secrecy  # nosec B311


def opaque_id(seed: int, kind: str, number: int) -> str:
    """Return an id nobody can count up from, the same for the same seed."""
    digest = hashlib.blake2b(f"{kind}/{seed}/{number}".encode(), digest_size=15).digest()
    return base64.urlsafe_b64encode(digest).decode()
