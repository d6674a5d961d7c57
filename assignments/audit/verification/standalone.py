"""Checks an export or an evidence pack of an Assignment Desk audit log, by itself.

    python3 verify.py FILE [--key NAME+ID+KEY]...

FILE is an evidence pack (a ZIP, or the folder it was unpacked to) or an export as JSON lines. Give
the public key that the organisation published elsewhere: with the one inside a pack alone a pack
can only be shown to fit itself. Needs Python 3.9 or later and nothing else, and asks no network.

Exit codes: 0 intact, 1 cannot be read, 2 altered, 3 shorter or longer than it says, 4 not proven,
6 the seal does not match, 7 a seal, signature or key that is not trusted.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

KIND, VERSION = "assignment-desk-log", 2
ENTRY_VERSION = 1
PACK_KIND = "assignment-desk-evidence"
INTACT, UNREADABLE, ALTERED, LENGTH, UNPROVEN, MISMATCH, UNTRUSTED = 0, 1, 2, 3, 4, 6, 7
WORDS = {
    INTACT: "intact",
    UNREADABLE: "unreadable",
    ALTERED: "altered",
    LENGTH: "head mismatch",
    UNPROVEN: "unproven",
    MISMATCH: "seal does not match",
    UNTRUSTED: "seal not trusted",
}
MARK = "\u2014 "
Keys = Dict[Tuple[str, bytes], bytes]
Counts = Dict[str, int]


class Found(Exception):
    """What was found, good or bad; `seq` is the first entry in question."""

    def __init__(self, code: int, sentence: str, seq: Optional[int] = None) -> None:
        super().__init__(sentence)
        self.code, self.word, self.sentence, self.seq = code, WORDS[code], sentence, seq


# --- The tree of RFC 9162 -----------------------------------------------------------------------


def leaf_hash(body: bytes) -> bytes:
    return hashlib.sha256(b"\0" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """The roots of the complete subtrees of a growing tree, largest first."""

    def __init__(self) -> None:
        self.size, self.roots = 0, []  # type: int, List[bytes]

    def add(self, leaf: bytes) -> None:
        level = self.size
        while level & 1:
            leaf, level = node_hash(self.roots.pop(), leaf), level >> 1
        self.roots.append(leaf)
        self.size += 1

    def spans(self) -> Iterator[Tuple[int, int]]:
        start = 0
        for bit in reversed(range(self.size.bit_length())):
            if self.size >> bit & 1:
                yield start, start + (1 << bit)
                start += 1 << bit


def root_of(roots: List[bytes]) -> bytes:
    if not roots:
        return hashlib.sha256().digest()
    root = roots[-1]
    for left in reversed(roots[:-1]):
        root = node_hash(left, root)
    return root


def included_root(seq: int, size: int, leaf: bytes, proof: List[bytes]) -> Optional[bytes]:
    """Return the root that an inclusion proof leads to (RFC 9162, 2.1.3.2)."""
    node, last, root = seq, size - 1, leaf
    for sibling in proof:
        if not last:
            return None
        if node & 1 or node == last:
            root = node_hash(sibling, root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        node, last = node >> 1, last >> 1
    return None if last or not 0 <= seq < size else root


def is_consistent(old: Seal, new: Seal, proof: List[bytes]) -> bool:
    """Tell whether the newer tree begins with the older one (RFC 9162, 2.1.4.2)."""
    if old.size in (0, new.size):
        return not proof and (old.size != new.size or old.root == new.root)
    hashes = proof if old.size & (old.size - 1) else [old.root, *proof]
    if old.size > new.size or not hashes:
        return False
    node, last = old.size - 1, new.size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    one = other = hashes[0]
    for sibling in hashes[1:]:
        if not last:
            return False
        if node & 1 or node == last:
            one, other = node_hash(sibling, one), node_hash(sibling, other)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            other = node_hash(other, sibling)
        node, last = node >> 1, last >> 1
    return not last and (one, other) == (old.root, new.root)


# --- Ed25519 (RFC 8032), verifying only ---------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = Tuple[int, int, int, int]


def _sum(p: Point, q: Point) -> Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(factor: int, p: Point) -> Point:
    result = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = _sum(result, p)
        p, factor = _sum(p, p), factor >> 1
    return result


def _point(raw: bytes) -> Optional[Point]:
    number = int.from_bytes(raw, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (not x and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def has_signed(public: bytes, text: bytes, signature: bytes) -> bool:
    """Tell whether the key made the signature over the text."""
    if len(public) != 32 or len(signature) != 64 or BASE is None:
        return False
    key, nonce = _point(public), _point(signature[:32])
    factor = int.from_bytes(signature[32:], "little")
    if key is None or nonce is None or factor >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + text).digest()
    one = _times(factor, BASE)
    other = _sum(nonce, _times(int.from_bytes(digest, "little") % ORDER, key))
    return not (
        (one[0] * other[2] - other[0] * one[2]) % P or (one[1] * other[2] - other[1] * one[2]) % P
    )


# --- Signed notes and checkpoints (c2sp.org/signed-note, c2sp.org/tlog-checkpoint) ---------------


class Seal(NamedTuple):
    """A log's size and root, and who signed it; `is_trusted` if one of the keys that count did."""

    size: int
    root: bytes
    signer: str
    is_trusted: bool


def read_keys(texts: Iterable[str]) -> Keys:
    """Return public keys, written as NAME+ID+KEY, by name and id."""
    keys = {}
    for text in texts:
        name, _, rest = text.strip().partition("+")
        identity, _, encoded = rest.partition("+")
        raw = base64.b64decode(encoded)
        key_id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        if raw[:1] != b"\1" or len(raw) != 33 or key_id.hex() != identity:
            raise Found(UNREADABLE, "A key that was given is not written as NAME+ID+KEY.")
        keys[name, key_id] = raw[1:]
    return keys


def open_note(note: str, keys: Keys, what: str) -> Tuple[str, str, bool]:
    """Return a note's text, who signed it, and whether that is one of the keys.

    A signature that one of the keys did not make, although it is named, ends the check.
    """
    text, blank, lines = note.rpartition("\n\n")
    signer = ""
    if not blank or not lines.endswith("\n"):
        raise ValueError("no note")
    for line in lines[:-1].split("\n"):
        name, _, encoded = line[len(MARK) :].partition(" ")
        raw = base64.b64decode(encoded, validate=True)
        # Written in one way only, so that any other byte is found.
        if line[: len(MARK)] != MARK or base64.b64encode(raw).decode() != encoded:
            raise ValueError("no note")
        signer = signer or "%s+%s" % (name, raw[:4].hex())
        key = keys.get((name, raw[:4]))
        if key is not None:
            if not has_signed(key, (text + "\n").encode(), raw[4:]):
                raise Found(UNTRUSTED, "The signature of %s is wrong: it was altered." % what)
            return text + "\n", "%s+%s" % (name, raw[:4].hex()), True
    return text + "\n", signer, False


def open_seal(note: str, keys: Keys) -> Seal:
    text, signer, is_trusted = open_note(note, keys, "the seal")
    origin, size, root = text.split("\n")[:3]
    if is_trusted and origin != signer.rpartition("+")[0]:
        raise Found(UNTRUSTED, "The seal is that of another log, %s." % origin)
    return Seal(int(size), base64.b64decode(root, validate=True), signer, is_trusted)


# --- An export as JSON lines --------------------------------------------------------------------


class Export:
    """What an export holds, checked line by line; nothing of it is kept but the tree."""

    def __init__(self, keys: Keys) -> None:
        self.keys, self.tree, self.digest = keys, Tree(), hashlib.sha256()
        self.entries, self.first, self.last = 0, None, -1  # type: int, Optional[int], int
        self.seal, self.is_whole = None, False  # type: Optional[Seal], bool
        self.ending, self.signed = {}, ""  # type: Dict[str, Any], str
        self.commitments = set()  # type: set[str]
        self.sum, self.actions, self.results = 0, {}, {}  # type: int, Counts, Counts
        self.distrust = None  # type: Optional[Found]
        self.adopted = []  # type: List[Tuple[int, int]]

    def check(self, lines: Iterable[bytes]) -> Found:
        """Check everything and return what was found, the best that can be said at the end."""
        number = 0
        for number, line in enumerate(lines, 1):
            try:
                self._line(number, json.loads(line))
            except Found:
                raise
            except (LookupError, ValueError, TypeError, AttributeError, RecursionError):
                raise Found(UNREADABLE, "Line %d of the file is not as it was written." % number)
            if not self.signed:
                self.digest.update(line)
        if not number:
            raise Found(UNREADABLE, "The file is empty. Give a JSON lines export.")
        return self._end()

    def _line(self, number: int, line: Dict[str, Any]) -> None:
        if number == 1:
            self._heading(line)
        elif "seq" in line and not self.ending:
            self._entry(line)
        elif "entries" in line and not self.ending:
            self.ending = line
        elif "signature" in line and self.ending and not self.signed:
            self.signed = line["signature"]
        else:
            raise ValueError("no line of an export")

    def _heading(self, line: Dict[str, Any]) -> None:
        if (line.get("kind"), line.get("version")) != (KIND, VERSION):
            raise Found(UNREADABLE, "The file is no export of this log. Give a JSON lines export.")
        self.is_whole = line["whole"] is True
        self.adopted = [(first, last) for first, last in line.get("adopted", [])]
        try:
            self.seal = open_seal(line["seal"], self.keys) if line["seal"] else None
        except Found as found:
            # What the entries themselves tell comes first.
            self.distrust = found
            self.seal = open_seal(line["seal"], {})

    def _entry(self, line: Dict[str, Any]) -> None:
        seq, body, leaf = line["seq"], line["body"].encode(), bytes.fromhex(line["leaf"])
        self._order(seq)
        if leaf_hash(body) != leaf:
            raise Found(
                ALTERED, "Altered at entry %s: body does not match the tree." % _n(seq), seq
            )
        said = json.loads(body)
        if said["v"] != ENTRY_VERSION:
            raise Found(
                UNREADABLE,
                "Entry %s has format version %s, which this program cannot read. Use the verify.py "
                "of a newer pack." % (_n(seq), said["v"]),
                seq,
            )
        if said["seq"] != seq:
            raise Found(ALTERED, "Altered at entry %s: out of order." % _n(seq), seq)
        if any(first <= seq <= last for first, last in self.adopted):
            raise Found(
                ALTERED,
                "Altered at entry %s: stood behind the log's end, where nothing had been written, "
                "and was taken up." % _n(seq),
                seq,
            )
        if self.is_whole:
            self.tree.add(leaf)
        elif self.seal:
            proof = [base64.b64decode(part) for part in line["proof"]]
            if included_root(seq, self.seal.size, leaf, proof) != self.seal.root:
                sentence = "Altered at entry %s: the sealed log does not hold it." % _n(seq)
                raise Found(ALTERED, sentence, seq)
        self._remember(seq, said)

    def _order(self, seq: int) -> None:
        if self.is_whole and seq > self.entries:
            raise Found(ALTERED, "Altered at entry %s: missing." % _n(self.entries), self.entries)
        if seq <= self.last:
            raise Found(ALTERED, "Altered at entry %s: out of order." % _n(seq), seq)

    def _remember(self, seq: int, said: Dict[str, Any]) -> None:
        self.entries, self.last = self.entries + 1, seq
        self.first = seq if self.first is None else self.first
        self.sum += seq
        for counts, word in ((self.actions, said["action"]), (self.results, said["result"])):
            counts[word] = counts.get(word, 0) + 1
        for somebody in [said["actor"], *said["people"]]:
            self.commitments.update(
                field["commit"] for field in somebody.values() if isinstance(field, dict)
            )

    def _end(self) -> Found:
        if not self.ending:
            raise Found(
                LENGTH, "The file ends early: it was cut off after %s." % self._many(), self._next()
            )
        self._length(self.ending["entries"])
        if self.is_whole:
            self._whole()
        if self.distrust:
            raise self.distrust
        if not self.seal:
            return self._unsealed()
        self._signature()
        return self._praise(self.seal)

    def _length(self, said: int) -> None:
        if self.entries != said:
            which = "shorter" if self.entries < said else "longer"
            raise Found(
                LENGTH,
                "The file is %s than it says: %s instead of %s." % (which, self._many(), _n(said)),
                self._next(),
            )

    def _whole(self) -> None:
        roots = [bytes.fromhex(root) for root in self.ending["roots"]]
        if self.ending["size"] != self.tree.size or len(roots) != len(self.tree.roots):
            self._length(self.ending["size"])
        for span, ours, theirs in zip(self.tree.spans(), self.tree.roots, roots):  # noqa: B905  3.9
            if ours != theirs:
                which = "Altered in one of the entries %s to %s" % (_n(span[0]), _n(span[1] - 1))
                which = which if span[1] - span[0] > 1 else "Altered at entry %s" % _n(span[0])
                raise Found(ALTERED, "%s: body does not match the tree." % which, span[0])
        if self.seal and (self.seal.size, self.seal.root) != (self.tree.size, root_of(roots)):
            raise Found(MISMATCH, "The seal does not match the log: entries were rewritten.")

    def _signature(self) -> None:
        if not self.signed:
            raise Found(LENGTH, "The file ends early: its signature is missing.", self._next())
        text, _, is_trusted = open_note(self.signed, self.keys, "the file")
        _, what, entries, digest = text.split("\n")[:4]
        if what != "export" or (self.keys and not is_trusted):
            raise Found(UNTRUSTED, "No key that was given signed the file.")
        self._length(int(entries))
        if base64.b64decode(digest) != self.digest.digest():
            raise Found(ALTERED, "Altered: the file was changed around its entries.")

    def _unsealed(self) -> Found:
        if self.is_whole:
            why = "they fit together, and no seal vouches for them"
        else:
            why = "each fits its own hash, and nothing shows that the log holds it"
        return Found(UNPROVEN, "Not proven: %s checked; %s." % (self._many(), why))

    def _praise(self, seal: Seal) -> Found:
        if not seal.is_trusted and not self.keys:
            why = "no key was given to check the signature of %s with" % seal.signer
            return Found(UNPROVEN, "Not proven: %s fit, but %s." % (self._many(), why))
        if not seal.is_trusted:
            raise Found(
                UNTRUSTED, "The seal is signed by %s, a key that was not given." % seal.signer
            )
        part = "the whole log" if self.is_whole else "each of them proven to be in the log"
        sentence = "Intact: %s, %s that %s sealed with %s." % (
            self._many(),
            part,
            seal.signer,
            "%s entries" % _n(seal.size),
        )
        return Found(INTACT, sentence)

    def _many(self) -> str:
        return "1 entry" if self.entries == 1 else "%s entries" % _n(self.entries)

    def _next(self) -> int:
        return self.last + 1


# --- An evidence pack ---------------------------------------------------------------------------


class Pack:
    """The files of a pack, in a ZIP or in the folder it was unpacked to."""

    def __init__(self, path: Path) -> None:
        self.zip = None if path.is_dir() else zipfile.ZipFile(path)
        self.folder = path

    def names(self) -> List[str]:
        if self.zip:
            return self.zip.namelist()
        return [file.name for file in self.folder.iterdir() if not file.name.startswith("__")]

    def open(self, name: str) -> BinaryIO:
        if name not in self.names():
            raise Found(LENGTH, "The pack is not complete: %s is missing." % name)
        opened: Any = self.zip.open(name) if self.zip else (self.folder / name).open("rb")
        return opened  # type: ignore[no-any-return]

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read()

    def sha256(self, name: str) -> str:
        digest = hashlib.sha256()
        with self.open(name) as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                digest.update(piece)
        return digest.hexdigest()


def check_pack(pack: Pack, keys: Keys) -> Found:
    """Check a pack: its entries first, then what stands around them."""
    inside = read_keys(pack.read("public-keys.txt").decode().split())
    export = Export(keys or inside)
    with pack.open("entries.jsonl") as lines:
        found = export.check(lines)
    manifest = _manifest(pack, keys or inside)
    _hashes(pack, manifest)
    told = (manifest["entries"], manifest["first"], manifest["last"])
    if told != (export.entries, export.first, None if export.last < 0 else export.last):
        raise Found(LENGTH, "The pack does not hold the entries that its manifest says.")
    totals = {"sum": export.sum, "actions": export.actions, "results": export.results}
    if manifest.get("totals", totals) != totals:
        raise Found(LENGTH, "The manifest's control totals are not those of the entries.")
    _seals(pack, keys or inside)
    _disclosures(pack, export.commitments)
    if found.code == INTACT and not keys:
        why = "with the key inside this pack. Compare it with the published one and give it: --key"
        return Found(UNPROVEN, "Everything fits %s. %s" % (why, found.sentence))
    return found


def _manifest(pack: Pack, keys: Keys) -> Dict[str, Any]:
    raw = pack.read("manifest.json")
    text, signer, is_trusted = open_note(pack.read("manifest.note").decode(), keys, "the manifest")
    _, what, digest = text.split("\n")[:3]
    if not is_trusted or what != "evidence pack":
        raise Found(UNTRUSTED, "The manifest is signed by %s, a key that was not given." % signer)
    if base64.b64decode(digest) != hashlib.sha256(raw).digest():
        raise Found(ALTERED, "Altered: manifest.json was changed after it was signed.")
    manifest = json.loads(raw)
    return dict(manifest)


def _hashes(pack: Pack, manifest: Dict[str, Any]) -> None:
    for name, sha256 in manifest["files"].items():
        if pack.sha256(name) != sha256:
            raise Found(ALTERED, "Altered: %s was changed after the pack was made." % name)
    more = set(pack.names()) - set(manifest["files"]) - {"manifest.json", "manifest.note"}
    if more:
        raise Found(ALTERED, "Altered: %s was put into the pack." % sorted(more)[0])


def _seals(pack: Pack, keys: Keys) -> None:
    older, proof = None, []  # type: Optional[Seal], List[bytes]
    for line in io.BytesIO(pack.read("seals.jsonl")):
        told = json.loads(line)
        seal = open_seal(told["note"], keys)
        if older and not is_consistent(older, seal, proof):
            raise Found(MISMATCH, "Seal %s does not continue the one before it." % told["number"])
        older, proof = seal, [base64.b64decode(part) for part in told["proof"]]


def _disclosures(pack: Pack, commitments: "set[str]") -> None:
    for line in io.BytesIO(pack.read("disclosures.jsonl")):
        told = json.loads(line)
        digest = hmac.new(base64.b64decode(told["salt"]), told["value"].encode(), "sha256").digest()
        if base64.b64encode(digest).decode() != told["commit"] or told["commit"] not in commitments:
            raise Found(ALTERED, "Altered: a name in disclosures.jsonl is not the one recorded.")


# --- Both ---------------------------------------------------------------------------------------


def check(path: Path, keys: Iterable[str] = ()) -> Found:
    """Check a pack or an export and return what was found; nothing is raised for what is wrong."""
    try:
        known = read_keys(keys)
        if path.is_dir() or zipfile.is_zipfile(path):
            return check_pack(Pack(path), known)
        with path.open("rb") as lines:
            return Export(known).check(lines)
    except Found as found:
        return found
    except OSError as error:
        return Found(UNREADABLE, str(error))
    except (LookupError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        return Found(UNREADABLE, "The file cannot be read as a pack or an export: %s" % error)


def _n(number: int) -> str:
    return format(number, ",")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--key", action="append", default=[], metavar="NAME+ID+KEY")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    asked = parser.parse_args()
    found = check(asked.file, asked.key)
    told = {"verdict": found.word, "seq": found.seq, "detail": found.sentence}
    sys.stdout.write("%s\n" % (json.dumps(told) if asked.json else found.sentence))
    return found.code


if __name__ == "__main__":
    sys.exit(main())
