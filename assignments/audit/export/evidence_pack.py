"""The evidence pack: a ZIP that a stranger can verify, with the program that does it inside."""

import base64
import hashlib
import inspect
import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final, cast

from django.utils import timezone

from assignments.audit.entries.actors import Actor
from assignments.audit.entries.canonical import timestamp
from assignments.audit.entries.commitments import disclosures
from assignments.audit.entries.readable import body_of, commitments
from assignments.audit.export import jsonl_format, pack_readme
from assignments.audit.export.control_totals import totals
from assignments.audit.export.csv_format import write_csv
from assignments.audit.export.scope import Population, Sealed, Stored, Tell
from assignments.audit.export.xlsx_format import write_xlsx
from assignments.audit.merkle.proofs import consistency
from assignments.audit.merkle.tiles import Tiles
from assignments.audit.seals.sealing import checkpoint_of
from assignments.audit.signing.keys import trusted_keys
from assignments.audit.verification import standalone
from assignments.models import LogSeal

KIND: Final = "assignment-desk-evidence"
VERSION: Final = 1
SEALS: Final = 100
# How often the entries are read for one pack.
PASSES: Final = 5
# So many commitments are remembered; a line twice does no harm, but memory that grows does.
MOST_TOLD: Final = 10_000


@dataclass(frozen=True, slots=True)
class More:
    """What a pack holds besides: files, and what the manifest says of them."""

    files: Iterable[tuple[str, Iterable[str]]] = ()
    said: Mapping[str, Any] | None = None


def write_pack(
    population: Population,
    out: BinaryIO,
    *,
    by: Actor,
    now: datetime,
    folder: Path,
    tell: Tell,
    more: More = More(),
) -> int:
    """Write the entries with all that proves them; return how many they are.

    The memory that it takes does not grow with them. The log must have been sealed.
    """
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        return _Pack(file, population, more).write(by, now, folder=folder, tell=tell)


class _Pack:
    def __init__(self, file: zipfile.ZipFile, population: Population, more: More) -> None:
        self._file, self._population, self._more = file, population, more
        self._sealed = cast(Sealed, population.extent.sealed)
        self._hashes: dict[str, str] = {}

    def write(self, by: Actor, now: datetime, *, folder: Path, tell: Tell) -> int:
        population, sealed = self._population, self._sealed
        with self._member("entries.jsonl") as out:
            entries = jsonl_format.write(population, out, now=now, tell=tell)
        with self._member("entries.csv") as out:
            write_csv(population, out, tell=tell)
        with self._member("entries.xlsx") as out, TemporaryFile(dir=folder) as book:
            write_xlsx(population, cast(BinaryIO, book), folder=folder, tell=tell)
            book.seek(0)
            shutil.copyfileobj(book, out)
        with self._member("disclosures.jsonl") as out:
            _write_disclosures(population.chunks(tell), out)
        self._text("seals.jsonl", _seals(sealed.seal))
        self._text("public-keys.txt", (f"{key}\n" for key in trusted_keys()))
        self._text("verify.py", [inspect.getsource(standalone)])
        for name, pieces in self._more.files:
            self._text(name, pieces)
        manifest = self._manifest(entries, by, now, tell)
        self._text("README.txt", [pack_readme.of_pack(manifest, str(sealed.key.public))])
        self._sign({**manifest, "files": self._hashes})
        return entries

    def _manifest(self, entries: int, by: Actor, now: datetime, tell: Tell) -> dict[str, Any]:
        seal = self._sealed.seal
        said = checkpoint_of(seal)
        found = totals(self._population.columns(tell, "action", "result"))
        return {
            "kind": KIND,
            "version": VERSION,
            "application": pack_readme.application(),
            "created_at": timestamp(now),
            "zone": timezone.get_default_timezone_name(),
            "created_by": {"ref": by.ref, "name": by.name, "email": by.email},
            "search": self._population.asked,
            "entries": entries,
            "first": found.first,
            "last": found.last,
            "totals": {"sum": found.sum, "actions": found.actions, "results": found.results},
            "log": {"size": seal.size, "root": said.root.hex() if said else ""},
            "seal": {"number": seal.number, "key": seal.key, "at": timestamp(seal.at)},
            **({"pruned": self._population.pruned} if self._population.pruned else {}),
            **({"sample": self._more.said} if self._more.said else {}),
        }

    def _sign(self, manifest: dict[str, Any]) -> None:
        raw = json.dumps(manifest, indent=2, ensure_ascii=False).encode()
        key, digest = self._sealed.key, base64.b64encode(hashlib.sha256(raw).digest()).decode()
        self._file.writestr("manifest.json", raw)
        note = key.sign(f"{key.public.name}\nevidence pack\n{digest}\n")
        self._file.writestr("manifest.note", note)

    def _text(self, name: str, pieces: Iterable[str]) -> None:
        with self._member(name) as out:
            for piece in pieces:
                out.write(piece.encode())

    @contextmanager
    def _member(self, name: str) -> Iterator[BinaryIO]:
        with self._file.open(name, "w", force_zip64=True) as member:
            out = _Summed(member.write)
            yield cast(BinaryIO, out)
        self._hashes[name] = out.digest.hexdigest()


class _Summed:
    """Passes on what is written and hashes it."""

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self._write = write
        self.digest = hashlib.sha256()

    def write(self, piece: bytes) -> int:
        self.digest.update(piece)
        return self._write(piece)


def _write_disclosures(entries: Iterator[list[Stored]], out: BinaryIO) -> None:
    """Write what the commitments stand for, with the salts that prove it, as far as not erased."""
    told: set[str] = set()
    for chunk in entries:
        found = {one for entry in chunk for one in commitments(body_of(entry.seq, entry.body))}
        new = found - told
        if len(told) >= MOST_TOLD:
            told.clear()
        told |= new
        for commit, field, value, salt in disclosures(new):
            line = {"commit": commit, "field": field, "value": value, "salt": salt}
            out.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")


def _seals(newest: LogSeal) -> Iterator[str]:
    """Yield the newest seals, oldest first, each with the proof that the next one continues it."""
    found, subtree = LogSeal.objects.filter(number__lte=newest.number), Tiles()
    seals = list(found.order_by("-number")[:SEALS])[::-1]
    for seal, following in zip(seals, [*seals[1:], None], strict=True):
        proof = consistency(seal.size, following.size, subtree) if following else ()
        parts = [base64.b64encode(part).decode() for part in proof]
        yield json.dumps({"number": seal.number, "note": seal.note, "proof": parts}) + "\n"
