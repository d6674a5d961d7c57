"""A short keyed digest of whom and what a call is about, which the log keeps for each call.

It is keyed with SECRET_KEY, which is neither in the log nor in the database: nobody can guess an id
of a person in the LMS from it, and no altered row can be given the digest of another.
"""

import hashlib
import hmac
from typing import Final

import orjson
from django.conf import settings

from assignments.models import Assignment

DIGEST_BYTES: Final = 16
_PURPOSE: Final = "assignment-desk/called-row/1"


def called_digest(row: Assignment) -> bytes:
    """Return the digest of the row's number, person and item, with their ids in the LMS."""
    parts = (
        row.position,
        row.learner_id,
        row.content_id,
        row.learner_remote_id,
        row.content_remote_id,
        row.content_reference,
    )
    key = f"{_PURPOSE}\n{settings.SECRET_KEY}".encode()
    return hmac.digest(key, orjson.dumps(parts), hashlib.sha256)[:DIGEST_BYTES]
