"""Entries as lines of JSON: exact bodies, hashes, proofs and a seal, to be verified anywhere.

The first line says what the file holds and has the seal, the one before the last the log's tree,
and the last a signature over all lines before it.
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, BinaryIO, Final

from assignments.audit.entries.canonical import timestamp
from assignments.audit.export.scope import Population, Stored, Tell
from assignments.audit.integrity import recovery
from assignments.audit.merkle.proofs import inclusion
from assignments.audit.merkle.tiles import Tiles

KIND: Final = "assignment-desk-log"
VERSION: Final = 2


def write(population: Population, out: BinaryIO, *, now: datetime, tell: Tell) -> int:
    """Write the entries with what proves them; return how many."""
    lines = _Lines(population, out)
    lines.begin(now)
    for chunk in population.chunks(tell):
        lines.add(chunk)
    lines.end()
    return lines.written


class _Lines:
    """Writes the lines of one export."""

    def __init__(self, population: Population, out: BinaryIO) -> None:
        self._asked, self._is_whole = population.asked, population.is_whole
        self._pruned = population.pruned
        self._tree, self._sealed = population.extent.tree, population.extent.sealed
        self._out, self._subtree = out, Tiles()
        self._digest = hashlib.sha256()
        self.written = 0

    def begin(self, now: datetime) -> None:
        """Write the first line: what was searched for, and what of the log is in question."""
        about = {"kind": KIND, "version": VERSION, "exported_at": timestamp(now)}
        note = self._sealed.seal.note if self._sealed else ""
        asked = {"search": self._asked, "whole": self._is_whole}
        spans = (broken.in_question() for broken in recovery.recorded_damage(stop=self._tree.size))
        adopted = [[span[0], span[-1]] for span in spans if span]
        gone = {"pruned": self._pruned} if self._pruned else {}
        self._write({**about, **asked, **gone, "seal": note, "adopted": adopted})

    def add(self, entries: Iterable[Stored]) -> None:
        """Write one line for each entry; of a part of the log each has its own proof."""
        for entry in entries:
            body = entry.body.decode(errors="replace")
            line = {"seq": entry.seq, "leaf": entry.leaf.hex(), "body": body}
            proof = {"proof": self._proof(entry.seq)} if self._sealed and not self._is_whole else {}
            self._write({**line, **proof})
            self.written += 1

    def end(self) -> None:
        """Write how many entries there are and the log's tree, and sign it all."""
        roots = [root.hex() for root in self._tree.roots]
        told = {"size": self._tree.size, "root": self._tree.root().hex(), "roots": roots}
        self._write({"entries": self.written, **told})
        if self._sealed:
            key = self._sealed.key
            digest = base64.b64encode(self._digest.digest()).decode()
            self._write(
                {"signature": key.sign(f"{key.public.name}\nexport\n{self.written}\n{digest}\n")}
            )

    def _proof(self, seq: int) -> list[str]:
        hashes = inclusion(seq, self._tree.size, self._subtree)
        return [base64.b64encode(part).decode() for part in hashes]

    def _write(self, value: dict[str, Any]) -> None:
        line = json.dumps(value, ensure_ascii=False).encode() + b"\n"
        self._digest.update(line)
        self._out.write(line)
