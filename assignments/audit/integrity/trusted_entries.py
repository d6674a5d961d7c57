"""Entries that decisions may rest on: those that this product wrote, as it wrote them."""

from collections.abc import Mapping
from typing import Final

import orjson
from django.db.models import QuerySet

from assignments.audit.entries.canonical import Entry
from assignments.audit.integrity.entry_rules import fault_of
from assignments.audit.integrity.reader import stored_rows
from assignments.audit.signing.mac_keys import MacKey, readable_keys
from assignments.models import LogEntry

KEY_CHANGED: Final = "log.mac_key_changed"


def trusted_bodies(entries: QuerySet[LogEntry]) -> list[Entry]:
    """Return the bodies of these entries, parsed, oldest first.

    Entries with a wrong hash, column or MAC are left out, as are those whose MAC cannot be checked:
    whoever can write to the database could have added them.

    :raises KeyUnavailable: if a key of MACs cannot be read
    """
    keys = readable_keys()
    rows = list(stored_rows(entries.order_by("seq")))
    return [
        orjson.loads(row.body)
        for row in rows
        if row.mac_key in keys and not fault_of(row, row.seq, keys)
    ]


def earlier_keys(keys: Mapping[str, MacKey]) -> set[str]:
    """Return the ids of the keys of MACs that were in use before, by the log.

    Each change of the key is an entry with a MAC by the new key. Of a key that cannot be read,
    this says only that its entries need not be forged.

    :param keys: the keys that can be read, by their ids
    """
    in_use = set(keys)
    changes = LogEntry.objects.filter(action=KEY_CHANGED).order_by("-seq")
    for row in stored_rows(changes):
        if row.mac_key in in_use and not fault_of(row, row.seq, keys):
            in_use.add(str(orjson.loads(row.body)["detail"].get("previous_key")))
    return in_use
