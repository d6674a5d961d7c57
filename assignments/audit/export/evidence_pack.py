"""The evidence pack: a ZIP of entries, proofs and the verifier, which anybody can verify."""

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
from typing import BinaryIO, Final, cast

from django.utils import timezone

from assignments.audit.entries.actors import Actor
from assignments.audit.entries.canonical import timestamp
from assignments.audit.entries.commitments import stored_values
from assignments.audit.entries.readable import body_of, commitments
from assignments.audit.export import jsonl_format, pack_readme
from assignments.audit.export.control_totals import compute_totals
from assignments.audit.export.csv_format import write_csv
from assignments.audit.export.scope import ExportScope, Progress, Sealed, StoredEntry
from assignments.audit.export.xlsx_format import write_xlsx
from assignments.audit.merkle.proofs import consistency
from assignments.audit.merkle.tiles import Tiles
from assignments.audit.seals.sealing import checkpoint_of
from assignments.audit.signing.keys import trusted_keys
from assignments.audit.verification import standalone
from assignments.models import LogSeal

KIND: Final = "assignment-desk-evidence"
VERSION: Final = 1
MAX_SEALS: Final = 100
# How often the entries are read for one pack, for the progress bar.
PASSES: Final = 5
# Commitments kept in memory to leave out duplicates; a duplicate line is harmless, unbounded
# memory is not.
MAX_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class ExtraFiles:
    """Additional files of a pack, by name, and what the manifest states about the sample."""

    files: Iterable[tuple[str, Iterable[str]]] = ()
    sample: Mapping[str, object] | None = None


def write_pack(
    scope: ExportScope,
    out: BinaryIO,
    *,
    by: Actor,
    now: datetime,
    folder: Path,
    progress: Progress,
    extra: ExtraFiles = ExtraFiles(),
) -> int:
    """Write the entries with their proofs; return how many they are.

    Memory does not grow with the number of entries. `scope` must have a seal.
    """
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        return _PackWriter(file, scope, extra).write(by, now, folder=folder, progress=progress)


class _PackWriter:
    def __init__(self, file: zipfile.ZipFile, scope: ExportScope, extra: ExtraFiles) -> None:
        self._file, self._scope, self._extra = file, scope, extra
        self._sealed = cast(Sealed, scope.extent.sealed)
        self._hashes: dict[str, str] = {}
        self._altered_names = 0

    def write(self, by: Actor, now: datetime, *, folder: Path, progress: Progress) -> int:
        scope, sealed = self._scope, self._sealed
        with self._open_member("entries.jsonl") as out:
            entries = jsonl_format.write_jsonl(scope, out, now=now, progress=progress)
        with self._open_member("entries.csv") as out:
            write_csv(scope, out, progress=progress)
        with self._open_member("entries.xlsx") as out, TemporaryFile(dir=folder) as book:
            write_xlsx(scope, cast(BinaryIO, book), folder=folder, progress=progress)
            book.seek(0)
            shutil.copyfileobj(book, out)
        with self._open_member("disclosures.jsonl") as out:
            self._altered_names = _write_disclosures(scope.chunks(progress), out)
        self._write_text("seals.jsonl", _seal_lines(sealed.seal))
        self._write_text("public-keys.txt", (f"{key}\n" for key in trusted_keys()))
        self._write_text("verify.py", [inspect.getsource(standalone)])
        for name, pieces in self._extra.files:
            self._write_text(name, pieces)
        manifest = self._build_manifest(entries, by, now, progress)
        self._write_text(
            "README.txt", [pack_readme.render_readme(manifest, str(sealed.key.public))]
        )
        self._write_manifest({**manifest, "files": self._hashes})
        return entries

    def _build_manifest(
        self, entries: int, by: Actor, now: datetime, progress: Progress
    ) -> dict[str, object]:
        seal = self._sealed.seal
        checkpoint = checkpoint_of(seal)
        totals = compute_totals(self._scope.columns(progress, "action", "result"))
        return {
            "kind": KIND,
            "version": VERSION,
            "application": pack_readme.product_version(),
            "created_at": timestamp(now),
            "time_zone": timezone.get_default_timezone_name(),
            "created_by": {"ref": by.ref, "name": by.name, "email": by.email},
            "search": self._scope.search,
            "entries": entries,
            "first_entry": totals.first,
            "last_entry": totals.last,
            "control_totals": {
                "seq_sum": totals.seq_sum,
                "actions": totals.actions,
                "results": totals.results,
            },
            "log": {"size": seal.size, "root": checkpoint.root.hex() if checkpoint else ""},
            "seal": {"number": seal.number, "key": seal.key, "at": timestamp(seal.at)},
            **({"pruned_entries": self._scope.pruned} if self._scope.pruned else {}),
            **({"altered_names": self._altered_names} if self._altered_names else {}),
            **({"sample": self._extra.sample} if self._extra.sample else {}),
        }

    def _write_manifest(self, manifest: dict[str, object]) -> None:
        raw = json.dumps(manifest, indent=2, ensure_ascii=False).encode()
        key, digest = self._sealed.key, base64.b64encode(hashlib.sha256(raw).digest()).decode()
        self._file.writestr("manifest.json", raw)
        note = key.sign(f"{key.public.name}\nevidence pack\n{digest}\n")
        self._file.writestr("manifest.note", note)

    def _write_text(self, name: str, pieces: Iterable[str]) -> None:
        with self._open_member(name) as out:
            for piece in pieces:
                out.write(piece.encode())

    @contextmanager
    def _open_member(self, name: str) -> Iterator[BinaryIO]:
        with self._file.open(name, "w", force_zip64=True) as member:
            out = _HashingWriter(member.write)
            yield cast(BinaryIO, out)
        self._hashes[name] = out.digest.hexdigest()


class _HashingWriter:
    """A writer that hashes what it passes on."""

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self._write = write
        self.digest = hashlib.sha256()

    def write(self, piece: bytes) -> int:
        self.digest.update(piece)
        return self._write(piece)


def _write_disclosures(entries: Iterator[list[StoredEntry]], out: BinaryIO) -> int:
    """Write the values and salts behind the commitments, except those that were erased.

    Returns how many were left out because they do not match their commitment.
    """
    written: set[str] = set()
    altered: set[str] = set()
    for chunk in entries:
        bodies = [body_of(entry.seq, entry.body) for entry in chunk]
        new = {commit for body in bodies for commit in commitments(body)} - written
        if len(written) >= MAX_REMEMBERED:
            written.clear()
        written |= new
        for stored in stored_values(new):
            if not stored.is_recorded:
                altered.add(stored.commitment)
                continue
            line = {
                "commit": stored.commitment,
                "field": stored.field,
                "value": stored.value,
                "salt": base64.b64encode(bytes(stored.salt)).decode(),
            }
            out.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    return len(altered)


def _seal_lines(newest: LogSeal) -> Iterator[str]:
    """Yield the newest seals, oldest first, each with its consistency proof to the next one."""
    until_newest, subtree = LogSeal.objects.filter(number__lte=newest.number), Tiles()
    seals = list(until_newest.order_by("-number")[:MAX_SEALS])[::-1]
    for seal, following in zip(seals, [*seals[1:], None], strict=True):
        proof = consistency(seal.size, following.size, subtree) if following else ()
        parts = [base64.b64encode(part).decode() for part in proof]
        yield json.dumps({"number": seal.number, "note": seal.note, "proof": parts}) + "\n"
