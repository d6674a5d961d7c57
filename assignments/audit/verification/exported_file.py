"""Verify an uploaded export or evidence pack with the standalone verifier and our trusted keys."""

import hashlib
from datetime import datetime
from pathlib import Path

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.audit.signing.keys import KeyUnavailable, trusted_keys
from assignments.audit.verification.standalone import FileVerdict, verify_file


def verify_exported_file(path: Path) -> FileVerdict:
    """Verify an export or an evidence pack and return the verdict."""
    try:
        keys = [str(key) for key in trusted_keys()]
    except KeyUnavailable:
        keys = []
    return verify_file(path, keys)


@transaction.atomic
def record_file_verification(path: Path, verdict: FileVerdict, *, by: Actor, now: datetime) -> None:
    """Record that a person verified a file, with the verdict and the file's SHA-256."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    detail = {"verdict": verdict.sentence, "seq": verdict.seq, "sha256": sha256}
    event = Event(action="log.file_verified", subject="log", result=verdict.word, detail=detail)
    record(event, by=by, at=now)
