"""Entries as lines of JSON: the exact bodies, their hashes and the tree, to be verified anywhere.

The first line says what the file holds, the last one the log's size and tree when it was made.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from assignments.audit.bodies import timestamp
from assignments.audit.search import Search
from assignments.audit.tree import Frontier
from assignments.models import LogEntry

KIND: Final = "assignment-desk-log"
VERSION: Final = 1


def heading(search: Search, now: datetime) -> bytes:
    """Return the first line: what was searched for, and whether that is the whole log."""
    chosen = {name: str(value) for name, value in asdict(search).items() if value}
    about = {"kind": KIND, "version": VERSION, "exported_at": timestamp(now)}
    return _line({**about, "search": chosen, "whole": not chosen})


def lines(entries: Iterable[LogEntry]) -> bytes:
    """Return one line for each entry."""
    return b"".join(
        _line(
            {
                "seq": entry.seq,
                "leaf": bytes(entry.leaf).hex(),
                "body": bytes(entry.body).decode(errors="replace"),
            }
        )
        for entry in entries
    )


def ending(written: int, tree: Frontier) -> bytes:
    """Return the last line: how many entries there are, and the log's tree."""
    roots = [root.hex() for root in tree.roots]
    told = {"entries": written, "size": tree.size, "root": tree.root().hex(), "roots": roots}
    return _line(told)


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"
