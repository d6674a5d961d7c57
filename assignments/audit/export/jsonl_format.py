"""Entries as JSON Lines: exact bodies, hashes, proofs and a seal, for the standalone verifier.

The first line is a header with the seal, the last but one holds the count and the log's tree, and
the last a signature over all lines before it.
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import BinaryIO, Final

from assignments.audit.entries.canonical import timestamp
from assignments.audit.export.scope import ExportScope, Progress, StoredEntry
from assignments.audit.integrity import recovery
from assignments.audit.merkle.proofs import inclusion
from assignments.audit.merkle.tiles import Tiles

KIND: Final = "assignment-desk-log"
VERSION: Final = 2


def write_jsonl(scope: ExportScope, out: BinaryIO, *, now: datetime, progress: Progress) -> int:
    """Write the entries with their proofs; return how many."""
    lines = _LineWriter(scope, out)
    lines.write_header(now)
    for chunk in scope.chunks(progress):
        lines.write_entries(chunk)
    lines.write_footer()
    return lines.written


class _LineWriter:
    """Writes the lines of one export."""

    def __init__(self, scope: ExportScope, out: BinaryIO) -> None:
        self._search, self._is_whole_log = scope.search, scope.is_whole_log
        self._pruned = scope.pruned
        self._tree, self._sealed = scope.extent.tree, scope.extent.sealed
        self._out, self._subtree = out, Tiles()
        self._digest = hashlib.sha256()
        self.written = 0

    def write_header(self, now: datetime) -> None:
        """Write the header: the search, the seal, and the ranges that a recovery adopted."""
        kind = {"kind": KIND, "version": VERSION, "exported_at": timestamp(now)}
        note = self._sealed.seal.note if self._sealed else ""
        search = {"search": self._search, "is_whole_log": self._is_whole_log}
        spans = (broken.in_question() for broken in recovery.recorded_damage(stop=self._tree.size))
        adopted = [[span[0], span[-1]] for span in spans if span]
        pruned = {"pruned_entries": self._pruned} if self._pruned else {}
        self._write({**kind, **search, **pruned, "seal": note, "adopted": adopted})

    def write_entries(self, entries: Iterable[StoredEntry]) -> None:
        """Write a line for each entry, with its own inclusion proof unless it is the whole log."""
        for entry in entries:
            body = entry.body.decode(errors="replace")
            line: dict[str, object] = {"seq": entry.seq, "leaf": entry.leaf.hex(), "body": body}
            if self._sealed and not self._is_whole_log:
                line["proof"] = self._proof(entry.seq)
            self._write(line)
            self.written += 1

    def write_footer(self) -> None:
        """Write the number of entries and the log's tree, then the signature over all lines."""
        roots = [root.hex() for root in self._tree.roots]
        tree = {"size": self._tree.size, "root": self._tree.root().hex(), "roots": roots}
        self._write({"entries": self.written, **tree})
        if self._sealed:
            key = self._sealed.key
            digest = base64.b64encode(self._digest.digest()).decode()
            self._write(
                {"signature": key.sign(f"{key.public.name}\nexport\n{self.written}\n{digest}\n")}
            )

    def _proof(self, seq: int) -> list[str]:
        hashes = inclusion(seq, self._tree.size, self._subtree)
        return [base64.b64encode(part).decode() for part in hashes]

    def _write(self, value: dict[str, object]) -> None:
        line = json.dumps(value, ensure_ascii=False).encode() + b"\n"
        self._digest.update(line)
        self._out.write(line)
