"""Verify an exported file with the standalone verifier and our trusted keys, and record it."""

import hashlib
from datetime import datetime
from pathlib import Path

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.audit.signing.keys import KeyUnavailable, trusted_keys
from assignments.audit.verification.standalone import UNREADABLE, FileVerdict, verify_file


def verify_exported_file(path: Path) -> FileVerdict:
    """Verify an export or an evidence pack and return the verdict."""
    try:
        keys = [str(key) for key in trusted_keys()]
    except KeyUnavailable:
        keys = []
    return verify_file(path, keys)


def verify_and_record(path: Path, *, by: Actor, now: datetime) -> FileVerdict:
    """Verify a file, also one that cannot be read, and record the verdict and its SHA-256."""
    verdict = verify_exported_file(path)
    _record(verdict, _sha256(path), by=by, now=now)
    return verdict


def refuse_and_record(why: str, *, by: Actor, now: datetime) -> FileVerdict:
    """Record that a file was not verified, and why; return that as its verdict."""
    verdict = FileVerdict(UNREADABLE, why)
    _record(verdict, "", by=by, now=now)
    return verdict


def _sha256(path: Path) -> str:
    """Return the file's SHA-256 in hexadecimal; empty if it is not a file that can be read."""
    if not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


@transaction.atomic
def _record(verdict: FileVerdict, sha256: str, *, by: Actor, now: datetime) -> None:
    detail = {"verdict": verdict.sentence, "seq": verdict.seq, "sha256": sha256}
    event = Event(action="log.file_verified", subject="log", result=verdict.word, detail=detail)
    record(event, by=by, at=now)
