"""Tampering with the log by somebody who owns the database and drops its triggers.

Who does not have the key of MACs, too, can give an entry no right MAC.
"""

import json
from collections.abc import Callable
from typing import Any

from django.db import connection

from assignments.audit.entries.canonical import canonical
from assignments.audit.integrity import triggers
from assignments.audit.merkle.tree import leaf_hash
from assignments.audit.signing.mac_keys import mac_key
from assignments.models import LogEntry
from tests import log_triggers

TABLE = triggers.ENTRIES
Tampering = Callable[[int, int], None]


def run(sql: str, *parameters: int | bytes | str) -> None:
    """Run a statement that the triggers of the log would refuse."""
    log_triggers.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute(sql.format(table=TABLE), parameters)
    log_triggers.install(connection)


def body(seq: int) -> dict[str, Any]:
    """Return the body of an entry, parsed."""
    fields: dict[str, Any] = json.loads(bytes(LogEntry.objects.get(seq=seq).body))
    return fields


def rewrite(seq: int, new: bytes, *, with_key: bool = False) -> None:
    """Replace the body of an entry, its hash with the matching one, and with the key its MAC."""
    run("UPDATE {table} SET body = %s, leaf = %s WHERE seq = %s", new, leaf_hash(new), seq)
    if with_key:
        mac = mac_key().mac(leaf_hash(new))
        run("UPDATE {table} SET mac = %s WHERE seq = %s", mac, seq)


def edit_body(seq: int, _size: int) -> None:
    """Change the result in the body only."""
    new = canonical({**body(seq), "result": "rejected"})
    run("UPDATE {table} SET body = %s WHERE seq = %s", new, seq)


def edit_leaf(seq: int, _size: int) -> None:
    """Change the leaf hash only."""
    run("UPDATE {table} SET leaf = %s WHERE seq = %s", leaf_hash(b"other"), seq)


def edit_body_and_leaf(seq: int, _size: int) -> None:
    """Change the detail in the body, with a matching hash and search text."""
    rewrite(seq, canonical({**body(seq), "detail": {"attempt": 2}}))
    run("UPDATE {table} SET search_text = '' WHERE seq = %s", seq)


def edit_mac(seq: int, _size: int) -> None:
    """Change the MAC only."""
    run("UPDATE {table} SET mac = %s WHERE seq = %s", bytes(32), seq)


def name_unknown_key(seq: int, _size: int) -> None:
    """Let the entry name a key of MACs that nobody has ever had, so that it cannot be checked."""
    run("UPDATE {table} SET mac_key = '00000000' WHERE seq = %s", seq)


def copy_mac(seq: int, size: int) -> None:
    """Give the entry the MAC of another one."""
    other = bytes(LogEntry.objects.get(seq=(seq + 1) % size).mac)
    run("UPDATE {table} SET mac = %s WHERE seq = %s", other if size > 1 else bytes(32), seq)


def edit_column(seq: int, _size: int) -> None:
    """Change the actor in its index column, so that a search finds the wrong person."""
    run("UPDATE {table} SET actor = 'user/2' WHERE seq = %s", seq)


def edit_time(seq: int, _size: int) -> None:
    """Change the time in its column."""
    run("UPDATE {table} SET at = '2020-01-01 00:00:00+00:00' WHERE seq = %s", seq)


def delete(seq: int, _size: int) -> None:
    """Delete the entry and leave a gap."""
    run("DELETE FROM {table} WHERE seq = %s", seq)


def delete_and_renumber(seq: int, size: int) -> None:
    """Delete the entry and move all later ones down by one number."""
    delete(seq, size)
    for following in range(seq + 1, size):
        run("UPDATE {table} SET seq = %s WHERE seq = %s", following - 1, following)


def insert_after(seq: int, size: int) -> None:
    """Insert a copy after the entry and move all later ones up by one number."""
    for following in range(size - 1, seq, -1):
        run("UPDATE {table} SET seq = %s WHERE seq = %s", following + 1, following)
    copy(seq, seq + 1)


def append(seq: int, size: int) -> None:
    """Append a copy of the entry."""
    copy(seq, size)


def swap_with_last(seq: int, size: int) -> None:
    """Swap the numbers of this entry and the last one."""
    run("UPDATE {table} SET seq = %s WHERE seq = %s", size, seq)
    run("UPDATE {table} SET seq = %s WHERE seq = %s", seq, size - 1)
    run("UPDATE {table} SET seq = %s WHERE seq = %s", size - 1, size)


def truncate(seq: int, _size: int) -> None:
    """Delete this entry and all later ones."""
    run("DELETE FROM {table} WHERE seq >= %s", seq)


def alter_names(sql: str, *parameters: str | bytes) -> None:
    """Run a statement on the names beside the log that the triggers would refuse."""
    log_triggers.remove_from_names(connection)
    with connection.cursor() as cursor:
        cursor.execute(sql.format(table=triggers.NAMES), parameters)
    log_triggers.install_on_names(connection)


def copy(seq: int, to: int) -> None:
    """Copy an entry to another number."""
    names = [field.name for field in LogEntry._meta.concrete_fields if field.name != "seq"]
    rest = ", ".join(names)
    run(
        f"INSERT INTO {{table}} (seq, {rest}) SELECT %s, {rest} FROM {{table}} WHERE seq = %s",
        to,
        seq,
    )
