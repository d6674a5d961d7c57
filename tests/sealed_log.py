"""A sealed log, and tampering with it by somebody with every right in the database."""

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
    """Seal the log on request."""
    return make_seal(reason="request", by=PRIYA, now=AT)


def write_sealed_log(*sizes: int) -> int:
    """Write groups of entries with a seal after each but the last; return the log's size."""
    for number, size in enumerate(sizes, 1):
        write_log(size)
        if number < len(sizes):
            seal()
    return LogHead.objects.get().size


def recompute_head() -> None:
    """Make the head match the entries that are there now."""
    leaves = [bytes(entry.leaf) for entry in LogEntry.objects.order_by("seq")]
    head = Frontier().append(leaves)
    LogHead.objects.update(size=head.size, frontier=head.to_bytes())


def recompute_tiles() -> None:
    """Make the tiles match the entries that are there now."""
    LogTile.objects.all().delete()
    tiles.extend(LogHead.objects.get().size)


def truncate_with_head(seq: int, size: int) -> None:
    """Delete the entry and all later ones, and make the head match."""
    log_tampering.truncate(seq, size)
    recompute_head()


def rewrite_log(seq: int, _size: int, *, with_key: bool = True) -> None:
    """Change an entry and make everything in the database match, except for the seals.

    :param with_key: whether whoever does it has the key of MACs
    """
    new = canonical({**log_tampering.body(seq), "cause": "batch/418"})
    log_tampering.rewrite(seq, new, with_key=with_key)
    log_tampering.run("UPDATE {table} SET cause = 'batch/418' WHERE seq = %s", seq)
    recompute_head()
    recompute_tiles()


def rewrite_log_without_key(seq: int, size: int) -> None:
    """Change an entry and make everything match but its MAC and the seals."""
    rewrite_log(seq, size, with_key=False)


def change_time(seq: int, _size: int, *, with_key: bool = False) -> None:
    """Set the time of an entry back by a day, in its body, hash and column."""
    new = canonical({**log_tampering.body(seq), "at": "2026-11-22T10:43:00.123456Z"})
    log_tampering.rewrite(seq, new, with_key=with_key)
    moment = "2026-11-22 10:43:00.123456" + ("+00" if connection.vendor == "postgresql" else "")
    log_tampering.run(f"UPDATE {{table}} SET at = '{moment}' WHERE seq = %s", seq)


def change_time_with_head(seq: int, size: int) -> None:
    """Set the time of an entry back by a day and make everything in the database match."""
    change_time(seq, size, with_key=True)
    recompute_head()
    recompute_tiles()


def replace_note(note: str, number: int) -> None:
    """Replace the note of a seal."""
    log_triggers.remove(connection, triggers.SEALS)
    LogSeal.objects.filter(number=number).update(note=note)
    log_triggers.install(connection, triggers.SEALS)


def change_column(number: int, **values: object) -> None:
    """Change columns of a seal beside its note."""
    log_triggers.remove(connection, triggers.SEALS)
    LogSeal.objects.filter(number=number).update(**values)
    log_triggers.install(connection, triggers.SEALS)


def delete_seal(number: int) -> None:
    """Delete a seal from the database."""
    log_triggers.remove(connection, triggers.SEALS)
    LogSeal.objects.filter(number=number).delete()
    log_triggers.install(connection, triggers.SEALS)


def resign_seals(folder: Path | None = None) -> None:
    """Replace all seals and copies with ones of the log as it is now, by a key of the same name."""
    key = SigningKey.generate("PeterNeumann")
    for seal_row in LogSeal.objects.all():
        root = frontier_at(seal_row.size, tiles.Tiles()).root()
        note = key.sign(Checkpoint(key.public.name, seal_row.size, root).text())
        replace_note(note, seal_row.number)
        if folder:
            (folder / f"seal-{seal_row.number:010}.txt").write_text(note)


def edit_tile(seq: int) -> None:
    """Replace the hash of an entry in its tile."""
    tile = LogTile.objects.get(level=0, number=seq // tiles.WIDTH)
    at = seq % tiles.WIDTH * 32
    hashes = bytes(tile.hashes)
    LogTile.objects.filter(pk=tile.pk).update(hashes=hashes[:at] + bytes(32) + hashes[at + 32 :])
