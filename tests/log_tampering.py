"""What somebody who owns the database could do to the log, past its triggers."""

import json
from collections.abc import Callable
from typing import Any

from django.db import connection

from assignments.audit.entries.canonical import canonical
from assignments.audit.integrity import triggers
from assignments.audit.merkle.tree import leaf_hash
from assignments.models import LogEntry
from tests import log_triggers

TABLE = triggers.ENTRIES
Tampering = Callable[[int, int], None]


def run(sql: str, *parameters: int | bytes) -> None:
    """Run a statement that the log's triggers would refuse."""
    log_triggers.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute(sql.format(table=TABLE), parameters)
    log_triggers.install(connection)


def body(seq: int) -> dict[str, Any]:
    """Return the body of an entry."""
    found: dict[str, Any] = json.loads(bytes(LogEntry.objects.get(seq=seq).body))
    return found


def rewrite(seq: int, written: bytes) -> None:
    """Put another body in the place of an entry's, and the hash that fits it."""
    run("UPDATE {table} SET body = %s, leaf = %s WHERE seq = %s", written, leaf_hash(written), seq)


def edit_body(seq: int, _size: int) -> None:
    """Let the entry say another result."""
    written = canonical({**body(seq), "result": "rejected"})
    run("UPDATE {table} SET body = %s WHERE seq = %s", written, seq)


def edit_leaf(seq: int, _size: int) -> None:
    """Put another hash beside the body."""
    run("UPDATE {table} SET leaf = %s WHERE seq = %s", leaf_hash(b"other"), seq)


def edit_body_and_leaf(seq: int, _size: int) -> None:
    """Let the entry say another detail, with the hash that fits."""
    rewrite(seq, canonical({**body(seq), "detail": {"attempt": 2}}))
    run("UPDATE {table} SET search_text = '' WHERE seq = %s", seq)


def edit_column(seq: int, _size: int) -> None:
    """Let an index column say another actor, so that a search finds the wrong person."""
    run("UPDATE {table} SET actor = 'user/2' WHERE seq = %s", seq)


def edit_time(seq: int, _size: int) -> None:
    """Let the entry appear at another time."""
    run("UPDATE {table} SET at = '2020-01-01 00:00:00+00:00' WHERE seq = %s", seq)


def delete(seq: int, _size: int) -> None:
    """Remove the entry and leave a gap."""
    run("DELETE FROM {table} WHERE seq = %s", seq)


def delete_and_close_up(seq: int, size: int) -> None:
    """Remove the entry and give its number to the next, and so on."""
    delete(seq, size)
    for following in range(seq + 1, size):
        run("UPDATE {table} SET seq = %s WHERE seq = %s", following - 1, following)


def push_in(seq: int, size: int) -> None:
    """Put a second entry behind this one, all others one further."""
    for following in range(size - 1, seq, -1):
        run("UPDATE {table} SET seq = %s WHERE seq = %s", following + 1, following)
    copy(seq, seq + 1)


def append(seq: int, size: int) -> None:
    """Put a copy of the entry at the end."""
    copy(seq, size)


def swap_with_the_last(seq: int, size: int) -> None:
    """Exchange the places of this entry and the last."""
    run("UPDATE {table} SET seq = %s WHERE seq = %s", size, seq)
    run("UPDATE {table} SET seq = %s WHERE seq = %s", seq, size - 1)
    run("UPDATE {table} SET seq = %s WHERE seq = %s", size - 1, size)


def cut_off(seq: int, _size: int) -> None:
    """Remove this entry and all that follow."""
    run("DELETE FROM {table} WHERE seq >= %s", seq)


def copy(seq: int, to: int) -> None:
    """Add an entry that is like another one."""
    names = [field.name for field in LogEntry._meta.concrete_fields if field.name != "seq"]
    rest = ", ".join(names)
    run(
        f"INSERT INTO {{table}} (seq, {rest}) SELECT %s, {rest} FROM {{table}} WHERE seq = %s",
        to,
        seq,
    )
