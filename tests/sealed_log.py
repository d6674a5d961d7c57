"""A sealed log, and what somebody with every right in the database could do to it."""

from pathlib import Path

from django.db import connection

from assignments.audit.entries.canonical import canonical
from assignments.audit.integrity import triggers
from assignments.audit.merkle import tiles
from assignments.audit.merkle.proofs import frontier_at
from assignments.audit.merkle.tree import Frontier
from assignments.audit.seals.sealing import make_seal
from assignments.audit.signing.checkpoint import Checkpoint
from assignments.audit.signing.signed_note import SigningKey
from assignments.models import LogEntry, LogHead, LogSeal, LogTile
from tests import log_tampering, log_triggers
from tests.log_fixtures import AT, PRIYA, write_log


def seal() -> LogSeal:
    """Seal the log as a person would."""
    return make_seal(reason="request", by=PRIYA, now=AT)


def write_sealed_log(*sizes: int) -> int:
    """Write groups of entries with a seal after each but the last; return the log's size."""
    for number, size in enumerate(sizes, 1):
        write_log(size)
        if number < len(sizes):
            seal()
    return LogHead.objects.get().size


def move_head() -> None:
    """Let the head say what the entries are now."""
    leaves = [bytes(entry.leaf) for entry in LogEntry.objects.order_by("seq")]
    head = Frontier().append(leaves)
    LogHead.objects.update(size=head.size, frontier=head.to_bytes())


def write_rows() -> None:
    """Let the kept rows of hashes be those of the entries that are there now."""
    LogTile.objects.all().delete()
    tiles.extend(LogHead.objects.get().size)


def cut_off_and_move_head(seq: int, size: int) -> None:
    """Remove the entry and all that follow, and let the head agree."""
    log_tampering.cut_off(seq, size)
    move_head()


def rewrite_chain(seq: int, _size: int) -> None:
    """Let the entry say another thing, and everything in the database agree with that."""
    log_tampering.rewrite(seq, canonical({**log_tampering.body(seq), "cause": "batch/418"}))
    log_tampering.run("UPDATE {table} SET cause = 'batch/418' WHERE seq = %s", seq)
    move_head()
    write_rows()


def move_time(seq: int, _size: int) -> None:
    """Let the entry have happened a day earlier, in its body, its hash and its column."""
    body = log_tampering.body(seq)
    log_tampering.rewrite(seq, canonical({**body, "at": "2026-11-22T10:43:00.123456Z"}))
    moment = "2026-11-22 10:43:00.123456" + ("+00" if connection.vendor == "postgresql" else "")
    log_tampering.run(f"UPDATE {{table}} SET at = '{moment}' WHERE seq = %s", seq)


def move_time_and_head(seq: int, size: int) -> None:
    """Let the entry have happened a day earlier, and everything in the database agree."""
    move_time(seq, size)
    move_head()
    write_rows()


def change_seals(note: str, number: int) -> None:
    """Put another note in the place of a seal's."""
    log_triggers.remove(connection, triggers.SEALS)
    LogSeal.objects.filter(number=number).update(note=note)
    log_triggers.install(connection, triggers.SEALS)


def delete_seal(number: int) -> None:
    """Remove a seal from the database."""
    log_triggers.remove(connection, triggers.SEALS)
    LogSeal.objects.filter(number=number).delete()
    log_triggers.install(connection, triggers.SEALS)


def sign_anew(outside: Path | None = None) -> None:
    """Sign what the log is now with a key of one's own, under the same name, wherever seals are."""
    key = SigningKey.generate("PeterNeumann")
    for kept in LogSeal.objects.all():
        root = frontier_at(kept.size, tiles.Tiles()).root()
        note = key.sign(Checkpoint(key.public.name, kept.size, root).text())
        change_seals(note, kept.number)
        if outside:
            (outside / f"seal-{kept.number:010}.txt").write_text(note)


def edit_row(seq: int) -> None:
    """Let a kept row hold another hash for the entry."""
    row = LogTile.objects.get(level=0, number=seq // tiles.WIDTH)
    at = seq % tiles.WIDTH * 32
    hashes = bytes(row.hashes)
    LogTile.objects.filter(pk=row.pk).update(hashes=hashes[:at] + bytes(32) + hashes[at + 32 :])
