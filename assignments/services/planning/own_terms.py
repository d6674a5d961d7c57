"""Terms that one row of an uploaded file has in place of those of its batch.

They are stored as text with a salted commitment, made when the file is read. The row's digest
covers the commitment, so that a name in the text can be erased without breaking the plan's digest.
"""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from assignments.audit.entries.canonical import timestamp
from assignments.audit.entries.commitments import SALT_BYTES, commitment
from assignments.services.planning.passthrough import to_compact_json
from assignments.stackone.resources import NewAssignment

# Terms that a column of a file may have for each row.
NAMES: Final = ("progress", "assigned_at", "external_reference", "source_status", "passthrough")


class OwnTerms(NamedTuple):
    """The terms of a row as stored; `salt` is empty once a text of them was erased."""

    terms: Mapping[str, Any]  # as in JSON: text, and a number for the progress
    commit: str
    salt: str


def commit_to(terms: Mapping[str, object]) -> str:
    """Return the terms with a new commitment, as stored; empty if none of them has a value."""
    values = {name: _plain(value) for name, value in terms.items() if value not in {None, ""}}
    if not values:
        return ""
    salt = secrets.token_bytes(SALT_BYTES)
    commit = commitment(salt, to_compact_json(values))
    return _stored(OwnTerms(values, commit, base64.b64encode(salt).decode()))


@lru_cache(maxsize=1_024)
def load(stored: str) -> OwnTerms:
    """Return terms that were stored."""
    return OwnTerms(**json.loads(stored))


def is_committed(stored: str) -> bool:
    """Return whether the terms are those of their commitment; not if a text was erased."""
    own = load(stored)
    salt = base64.b64decode(own.salt)
    return bool(salt) and commitment(salt, to_compact_json(own.terms)) == own.commit


def redact(stored: str, redact_text: Callable[[str], str]) -> str:
    """Return the terms with redacted texts; if that changes one, the salt is deleted."""
    own = load(stored)
    terms = {
        name: redact_text(value) if isinstance(value, str) else value
        for name, value in own.terms.items()
    }
    return stored if terms == own.terms else _stored(OwnTerms(terms, own.commit, ""))


def apply(stored: str, new: NewAssignment) -> NewAssignment:
    """Return the request with the row's own terms; names of its passthrough are added."""
    own = dict(load(stored).terms)
    if "assigned_at" in own:
        own["assigned_at"] = datetime.fromisoformat(own["assigned_at"])
    if "passthrough" in own and new.passthrough:
        both = {**json.loads(new.passthrough), **json.loads(own["passthrough"])}
        own["passthrough"] = to_compact_json(both)
    return new._replace(**own)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return timestamp(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _stored(own: OwnTerms) -> str:
    return to_compact_json(own._asdict())
