"""Fingerprints of records from the LMS, by which a sync recognises those that changed."""

from dataclasses import fields
from datetime import datetime
from hashlib import blake2b
from typing import Final

from assignments.audit.entries.canonical import canonical, timestamp
from assignments.stackone.resources import LearningObject, User

# Schema version; raise it when records are parsed or stored differently, so that the next full
# sync rewrites every row. It is a prefix of the fingerprint, so that another version is not
# mistaken for a change in the LMS.
VERSION: Final = 1


def fingerprint(record: User | LearningObject) -> str:
    """Return the version, a colon, and 32 hex digits of a BLAKE2b hash of the canonical JSON.

    Empty fields are left out, so that a new field changes only the fingerprints of records that
    have it.
    """
    values = ((field.name, getattr(record, field.name)) for field in fields(record))
    present = {name: _json_value(value) for name, value in values if value not in (None, "")}
    body = canonical({"type": type(record).__name__, "version": VERSION, "entry": present})
    return f"{VERSION}:{blake2b(body, digest_size=16).hexdigest()}"


def _json_value(value: object) -> object:
    if isinstance(value, datetime):
        return timestamp(value)
    return list(value) if isinstance(value, tuple) else value
