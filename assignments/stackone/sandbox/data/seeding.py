"""Derive all generated data from the seed: the same seed always gives the same data."""

import base64
import hashlib
import random
from datetime import UTC, datetime

# "Now" of the generated data: fixed, so that a restart changes no date.
DATA_DATE = datetime(2026, 11, 2, 8, tzinfo=UTC)


def seeded_random(seed: int, purpose: str) -> random.Random:
    """Return a random generator that is the same for the same seed and purpose."""
    return random.Random(f"{purpose}/{seed}")  # noqa: S311 -- generated data is not secret


def opaque_id(seed: int, kind: str, number: int) -> str:
    """Return an id that looks random and is the same for the same seed."""
    digest = hashlib.blake2b(f"{kind}/{seed}/{number}".encode(), digest_size=15).digest()
    return base64.urlsafe_b64encode(digest).decode()
