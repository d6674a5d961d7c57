"""Verify an export or an evidence pack of an Assignment Desk audit log, without the product.

    python3 verify.py FILE [--key NAME+ID+KEY]...

FILE is an evidence pack (a ZIP, or the folder it was unpacked to) or a JSON Lines export. Pass the
public key that the organisation published elsewhere: the key inside a pack only proves that the
pack is consistent with itself. Needs Python 3.9 or later, no other packages and no network.

Exit codes: 0 intact, 1 unreadable, 2 altered, 3 shorter or longer than stated, 4 not proven,
6 seal does not match the entries, 7 seal, signature or key not trusted.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import io
import json
import stat
import struct
import sys
import zipfile
import zlib
from pathlib import Path
from typing import (  # Any: JSON that is being checked
    Any,
    BinaryIO,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Tuple,
    Union,
)

KIND, VERSION = "assignment-desk-log", 2
ENTRY_VERSION = 1
PACK_KIND, PACK_VERSION = "assignment-desk-evidence", 1
INTACT, UNREADABLE, ALTERED, WRONG_LENGTH, NOT_PROVEN, SEAL_MISMATCH, NOT_TRUSTED = (
    0,
    1,
    2,
    3,
    4,
    6,
    7,
)
VERDICT_WORDS = {
    INTACT: "intact",
    UNREADABLE: "unreadable",
    ALTERED: "altered",
    WRONG_LENGTH: "wrong length",
    NOT_PROVEN: "not proven",
    SEAL_MISMATCH: "seal does not match",
    NOT_TRUSTED: "seal not trusted",
}
# What a file may hold: far more than the product writes, and little enough that no file takes more
# than 64 MB of memory. In bytes, but for the numbers of seals, words and commitments, and the ratio
# of a member's size to its compressed size.
MAX_LINE = MAX_MANIFEST = MAX_DIRECTORY = 1 << 20
MAX_NOTE = 1 << 16
MAX_SEALS = 1_000
MAX_COUNTED_WORDS, MAX_WORD = 1_000, 200
MAX_COMMITMENTS = 200_000
MAX_RATIO = 200
PIECE = 1 << 16
MAX_SENTENCE = 500
SIGNATURE_PREFIX = "\u2014 "
Keys = Dict[Tuple[str, bytes], bytes]
Counts = Dict[str, int]


class FileVerdict(Exception):
    """Result of verifying a file; raised to stop at the first fault, returned otherwise.

    `code` is the exit code, `seq` the number of the first affected entry, if there is one.
    """

    def __init__(self, code: int, sentence: str, seq: Optional[int] = None) -> None:
        # A sentence may quote the file, which must not control a terminal or break an encoding.
        sentence = "".join(c if c.isprintable() else "\ufffd" for c in sentence[:MAX_SENTENCE])
        super().__init__(sentence)
        self.code, self.word, self.sentence, self.seq = code, VERDICT_WORDS[code], sentence, seq


# --- JSON -----------------------------------------------------------------------------------------


def _read_members(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice in an object")
    return members


def _read_integer(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("a number has more than 20 digits")
    return int(digits)


def _refuse_constant(constant: str) -> None:
    raise ValueError("%s is not JSON" % constant)


DECODER = json.JSONDecoder(
    object_pairs_hook=_read_members, parse_int=_read_integer, parse_constant=_refuse_constant
)


def read_json(raw: bytes) -> Any:
    """Parse JSON in UTF-8, without byte order mark, names that occur twice, or NaN.

    Raises ValueError or RecursionError if it is anything else.
    """
    return DECODER.decode(raw.decode())


def read_number(value: object) -> int:
    """Return the value if it is a whole number; raise ValueError otherwise."""
    if type(value) is not int or value < 0:
        raise ValueError("not a whole number")
    return value


# --- Merkle tree (RFC 9162, 2.1) ------------------------------------------------------------------


def leaf_hash(body: bytes) -> bytes:
    return hashlib.sha256(b"\0" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """An append-only Merkle tree, kept as the roots of its complete subtrees, largest first."""

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
    """Tell whether the old tree is a prefix of the new one (RFC 9162, 2.1.4.2)."""
    if old.size in (0, new.size):
        return not proof and (old.size != new.size or old.root == new.root)
    hashes = proof if old.size & (old.size - 1) else [old.root, *proof]
    if old.size > new.size or not hashes:
        return False
    node, last = old.size - 1, new.size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_root = new_root = hashes[0]
    for sibling in hashes[1:]:
        if not last:
            return False
        if node & 1 or node == last:
            old_root, new_root = node_hash(sibling, old_root), node_hash(sibling, new_root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_root = node_hash(new_root, sibling)
        node, last = node >> 1, last >> 1
    return not last and (old_root, new_root) == (old.root, new.root)


# --- Ed25519 (RFC 8032), verification only --------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = Tuple[int, int, int, int]


def _add_points(p: Point, q: Point) -> Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _multiply(factor: int, p: Point) -> Point:
    result = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = _add_points(result, p)
        p, factor = _add_points(p, p), factor >> 1
    return result


def _decode_point(raw: bytes) -> Optional[Point]:
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


BASE = _decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_valid_signature(public: bytes, text: bytes, signature: bytes) -> bool:
    """Tell whether the key made the signature over the text."""
    if len(public) != 32 or len(signature) != 64 or BASE is None:
        return False
    key, nonce = _decode_point(public), _decode_point(signature[:32])
    factor = int.from_bytes(signature[32:], "little")
    if key is None or nonce is None or factor >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + text).digest()
    p = _multiply(factor, BASE)
    q = _add_points(nonce, _multiply(int.from_bytes(digest, "little") % ORDER, key))
    return not ((p[0] * q[2] - q[0] * p[2]) % P or (p[1] * q[2] - q[1] * p[2]) % P)


# --- Signed notes and checkpoints (c2sp.org/signed-note, c2sp.org/tlog-checkpoint) ----------------


class Seal(NamedTuple):
    """A checkpoint of the log: its size and root hash, and whether a trusted key signed it."""

    size: int
    root: bytes
    signer: str
    is_trusted: bool


def read_keys(texts: Iterable[str]) -> Keys:
    """Parse public keys in the form NAME+ID+KEY and return them by name and id."""
    keys = {}
    for text in texts:
        name, _, rest = text.strip().partition("+")
        identity, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except ValueError:
            raw = b""
        key_id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        if raw[:1] != b"\1" or len(raw) != 33 or key_id.hex() != identity:
            raise FileVerdict(UNREADABLE, "A public key is not in the form NAME+ID+KEY.")
        keys[name, key_id] = raw[1:]
    return keys


def open_note(note: str, keys: Keys, subject: str) -> Tuple[str, str, bool]:
    """Return the text of a signed note, its signer, and whether the signer is a trusted key.

    Raises FileVerdict if a signature names a trusted key but does not verify with it.
    """
    text, blank, lines = note.rpartition("\n\n")
    signer = ""
    if not blank or not lines.endswith("\n"):
        raise ValueError("not a signed note")
    for line in lines[:-1].split("\n"):
        name, _, encoded = line[len(SIGNATURE_PREFIX) :].partition(" ")
        raw = base64.b64decode(encoded, validate=True)
        # Only the canonical encoding is accepted, so that any changed byte is detected.
        if (
            line[: len(SIGNATURE_PREFIX)] != SIGNATURE_PREFIX
            or base64.b64encode(raw).decode() != encoded
        ):
            raise ValueError("not a signed note")
        signer = signer or "%s+%s" % (name, raw[:4].hex())
        key = keys.get((name, raw[:4]))
        if key is not None:
            if not is_valid_signature(key, (text + "\n").encode(), raw[4:]):
                raise FileVerdict(
                    NOT_TRUSTED, "The signature of %s is wrong: it was altered." % subject
                )
            return text + "\n", "%s+%s" % (name, raw[:4].hex()), True
    return text + "\n", signer, False


def open_own_note(note: str, keys: Keys, subject: str) -> Tuple[str, str, bool]:
    """Return what `open_note` does, of a note that the product signed once, and nobody else.

    Nothing confirms what stands in further signature lines.
    """
    if note.rpartition("\n\n")[2].count("\n") != 1:
        raise FileVerdict(
            ALTERED, "Altered: the signature of %s is not the only one in its place." % subject
        )
    return open_note(note, keys, subject)


def open_seal(note: str, keys: Keys) -> Seal:
    text, signer, is_trusted = open_note(note, keys, "the seal")
    origin, size, root = text.split("\n")[:3]
    if is_trusted and origin != signer.rpartition("+")[0]:
        raise FileVerdict(NOT_TRUSTED, "The seal belongs to another log, %s." % origin)
    return Seal(int(size), base64.b64decode(root, validate=True), signer, is_trusted)


# --- JSON Lines export ----------------------------------------------------------------------------


class ExportVerifier:
    """Verifies a JSON Lines export line by line; memory does not grow with its length."""

    def __init__(self, keys: Keys) -> None:
        self.keys, self.tree, self.digest = keys, Tree(), hashlib.sha256()
        self.entries, self.first, self.last = 0, None, -1  # type: int, Optional[int], int
        self.seal, self.is_whole_log = None, False  # type: Optional[Seal], bool
        self.footer, self.signature = {}, ""  # type: Dict[str, Any], str
        # The first 16 bytes of each, for the names that a pack discloses.
        self.commitments = set()  # type: set[bytes]
        self.are_commitments_complete = True
        self.seq_sum, self.actions, self.results = 0, {}, {}  # type: int, Counts, Counts
        self.seal_fault = None  # type: Optional[FileVerdict]
        # Ranges that a recovery adopted, last first; `adopted_until` is the end of those begun.
        self.adopted, self.adopted_until = [], -1  # type: List[Tuple[int, int]], int

    def verify(self, lines: Iterable[bytes]) -> FileVerdict:
        """Verify the lines and return the verdict; raise it if it is a fault."""
        number = 0
        for number, line in enumerate(lines, 1):
            try:
                self._read_line(number, line, read_json(line))
            except FileVerdict:
                raise
            except (LookupError, ValueError, TypeError, AttributeError, RecursionError):
                raise FileVerdict(
                    UNREADABLE, "Line %d of the file is not a line of an export." % number
                )
            if not self.signature:
                self.digest.update(line)
        if not number:
            raise FileVerdict(UNREADABLE, "The file is empty. Pass a JSON Lines export.")
        return self._finish()

    def _read_line(self, number: int, raw: bytes, line: Dict[str, Any]) -> None:
        if self.signature:
            raise FileVerdict(ALTERED, "Altered: line %d follows the signature." % number)
        if number == 1:
            self._read_header(line)
        elif "seq" in line and not self.footer:
            self._read_entry(line)
        elif "entries" in line and not self.footer:
            self.footer = line
        elif "signature" in line and self.footer:
            self._read_signature(raw, line["signature"])
        else:
            raise ValueError("not a line of an export")

    def _read_signature(self, raw: bytes, note: str) -> None:
        # The line itself is not signed: it holds the signature and nothing else.
        if raw != json.dumps({"signature": note}, ensure_ascii=False).encode() + b"\n":
            raise FileVerdict(
                ALTERED, "Altered: the last line holds more than the signature, or was rewritten."
            )
        self.signature = note

    def _read_header(self, line: Dict[str, Any]) -> None:
        if (line.get("kind"), line.get("version")) != (KIND, VERSION):
            raise FileVerdict(
                UNREADABLE, "The file is not an export of a log. Pass a JSON Lines export."
            )
        self.is_whole_log = line["is_whole_log"] is True
        adopted = [(read_number(first), read_number(last)) for first, last in line["adopted"]]
        self.adopted = sorted(adopted, reverse=True)
        try:
            self.seal = open_seal(line["seal"], self.keys) if line["seal"] else None
        except FileVerdict as fault:
            # Faults in the entries are reported first.
            self.seal_fault = fault
            self.seal = open_seal(line["seal"], {})

    def _read_entry(self, line: Dict[str, Any]) -> None:
        seq, body = read_number(line["seq"]), line["body"].encode()
        leaf = bytes.fromhex(line["leaf"])
        self._check_order(seq)
        if leaf_hash(body) != leaf:
            raise FileVerdict(
                ALTERED, "Altered at entry %s: body does not match the tree." % _format(seq), seq
            )
        entry = read_json(body)
        if entry["v"] != ENTRY_VERSION:
            raise FileVerdict(
                UNREADABLE,
                "Entry %s has format version %s, which this program cannot read. Use the verify.py "
                "of a newer pack." % (_format(seq), entry["v"]),
                seq,
            )
        if entry["seq"] != seq:
            raise FileVerdict(ALTERED, "Altered at entry %s: out of order." % _format(seq), seq)
        if self._is_adopted(seq):
            raise FileVerdict(
                ALTERED,
                "Altered at entry %s: was beyond the recorded end of the log and was adopted by a "
                "recovery." % _format(seq),
                seq,
            )
        if self.is_whole_log:
            self.tree.add(leaf)
        elif self.seal:
            proof = [base64.b64decode(part) for part in line["proof"]]
            if included_root(seq, self.seal.size, leaf, proof) != self.seal.root:
                sentence = "Altered at entry %s: it is not in the log that was sealed." % _format(
                    seq
                )
                raise FileVerdict(ALTERED, sentence, seq)
        self._count_entry(seq, entry)

    def _is_adopted(self, seq: int) -> bool:
        while self.adopted and self.adopted[-1][0] <= seq:
            self.adopted_until = max(self.adopted_until, self.adopted.pop()[1])
        return seq <= self.adopted_until

    def _check_order(self, seq: int) -> None:
        if self.is_whole_log and seq > self.entries:
            raise FileVerdict(
                ALTERED, "Altered at entry %s: missing." % _format(self.entries), self.entries
            )
        if seq <= self.last:
            raise FileVerdict(ALTERED, "Altered at entry %s: out of order." % _format(seq), seq)

    def _count_entry(self, seq: int, entry: Dict[str, Any]) -> None:
        self.entries, self.last = self.entries + 1, seq
        self.first = seq if self.first is None else self.first
        self.seq_sum += seq
        for counts, word in ((self.actions, entry["action"]), (self.results, entry["result"])):
            counts[word] = counts.get(word, 0) + 1
            if len(counts) > MAX_COUNTED_WORDS or len(word) > MAX_WORD:
                raise FileVerdict(UNREADABLE, "The file has too many kinds of entries to count.")
        for person in [entry["actor"], *entry["people"]]:
            for field in person.values():
                if isinstance(field, dict):
                    self._keep_commitment(field["commit"])

    def _keep_commitment(self, commit: str) -> None:
        if len(self.commitments) < MAX_COMMITMENTS:
            self.commitments.add(base64.b64decode(commit, validate=True)[:16])
        else:
            self.are_commitments_complete = False

    def _finish(self) -> FileVerdict:
        if not self.footer:
            raise FileVerdict(
                WRONG_LENGTH, "The file is cut off after %s." % self._counted(), self._next_seq()
            )
        self._check_length(read_number(self.footer["entries"]))
        if self.is_whole_log:
            self._check_tree()
        if self.seal_fault:
            raise self.seal_fault
        if not self.seal:
            return self._verdict_unsealed()
        self._check_signature()
        return self._verdict_sealed(self.seal)

    def _check_length(self, stated: int) -> None:
        if self.entries != stated:
            which = "shorter" if self.entries < stated else "longer"
            raise FileVerdict(
                WRONG_LENGTH,
                "The file is %s than it states: %s instead of %s."
                % (which, self._counted(), _format(stated)),
                self._next_seq(),
            )

    def _check_tree(self) -> None:
        roots = [bytes.fromhex(root) for root in self.footer["roots"]]
        if self.footer["size"] != self.tree.size or len(roots) != len(self.tree.roots):
            self._check_length(read_number(self.footer["size"]))
            raise ValueError("the tree has another number of roots than its size")
        for span, root, stated_root in zip(self.tree.spans(), self.tree.roots, roots):  # noqa: B905  3.9
            if root != stated_root:
                which = "Altered in one of the entries %s to %s" % (
                    _format(span[0]),
                    _format(span[1] - 1),
                )
                which = which if span[1] - span[0] > 1 else "Altered at entry %s" % _format(span[0])
                raise FileVerdict(ALTERED, "%s: body does not match the tree." % which, span[0])
        if self.seal and (self.seal.size, self.seal.root) != (self.tree.size, root_of(roots)):
            raise FileVerdict(
                SEAL_MISMATCH, "The seal does not match the log: entries were rewritten."
            )

    def _check_signature(self) -> None:
        if not self.signature:
            raise FileVerdict(
                WRONG_LENGTH, "The file is cut off: its signature is missing.", self._next_seq()
            )
        text, _, is_trusted = open_own_note(self.signature, self.keys, "the file")
        _, kind, entries, digest = text.split("\n")[:4]
        if kind != "export" or (self.keys and not is_trusted):
            raise FileVerdict(NOT_TRUSTED, "The file is not signed by a trusted key.")
        self._check_length(int(entries))
        if base64.b64decode(digest) != self.digest.digest():
            raise FileVerdict(
                ALTERED, "Altered: lines around the entries were changed after signing."
            )

    def _verdict_unsealed(self) -> FileVerdict:
        if self.is_whole_log:
            why = "they are consistent, but no seal confirms them"
        else:
            why = "each matches its own hash, but nothing proves that it is in the log"
        return FileVerdict(NOT_PROVEN, "Not proven: %s checked; %s." % (self._counted(), why))

    def _verdict_sealed(self, seal: Seal) -> FileVerdict:
        if not seal.is_trusted and not self.keys:
            why = "no key was passed to check the signature of %s" % seal.signer
            return FileVerdict(
                NOT_PROVEN, "Not proven: %s checked, but %s." % (self._counted(), why)
            )
        if not seal.is_trusted:
            raise FileVerdict(
                NOT_TRUSTED, "The seal is signed by %s, which is not a trusted key." % seal.signer
            )
        scope = "the whole log" if self.is_whole_log else "each of them proven to be in the log"
        sentence = "Intact: %s, %s that %s sealed with %s." % (
            self._counted(),
            scope,
            seal.signer,
            "%s entries" % _format(seal.size),
        )
        return FileVerdict(INTACT, sentence)

    def _counted(self) -> str:
        return "1 entry" if self.entries == 1 else "%s entries" % _format(self.entries)

    def _next_seq(self) -> int:
        return self.last + 1


# --- Evidence pack --------------------------------------------------------------------------------


class ZipLayout:
    """Where the members of a ZIP lie; refuses a ZIP that holds anything besides its members.

    Programs read ZIPs differently: by the directory at the end or from the start, the first or the
    last of two members with one name. So that all of them read what was verified, members must
    follow each other without a gap, from the first byte to the directory, and be there once.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        directory = self._find_directory()
        self.members = {}  # type: Dict[str, zipfile.ZipInfo]
        self.starts = {}  # type: Dict[str, int]
        end = flags = 0
        infos = zipfile.ZipFile(file).infolist()
        for info in sorted(infos, key=lambda info: info.header_offset):
            name = info.orig_filename
            if name in self.members:
                raise FileVerdict(ALTERED, "Altered: %s is in the pack twice." % name)
            self._check_gap(end, info.header_offset, flags)
            self.members[name], self.starts[name] = info, self._read_header(info)
            end, flags = self.starts[name] + info.compress_size, info.flag_bits
        self._check_gap(end, directory, flags)

    def _find_directory(self) -> int:
        """Return where the directory starts; it must be of a sane size and end the file."""
        length = self.file.seek(0, 2)
        end = length - 22
        signature, size, start, comment = struct.unpack("<4s8xLLH", self._read_at(end, 22))
        if self._read_at(max(end - 20, 0), 4) == b"PK\6\7":
            end -= 76
            _, size, start = struct.unpack("<4s36xQQ", self._read_at(end, 56))
        if signature != b"PK\5\6" or comment or start + size != end:
            raise FileVerdict(
                ALTERED, "Altered: the ZIP is damaged, or bytes were added around its files."
            )
        if size > MAX_DIRECTORY:
            raise FileVerdict(UNREADABLE, "The ZIP lists more files than a pack has.")
        return int(start)

    def _read_at(self, start: int, size: int) -> bytes:
        self.file.seek(max(start, 0))
        raw = self.file.read(size)
        if start < 0 or len(raw) < size:
            raise FileVerdict(UNREADABLE, "The ZIP is cut off.")
        return raw

    def _read_header(self, info: zipfile.ZipInfo) -> int:
        """Check the header of a member against the directory; return where its content starts."""
        header = self._read_at(info.header_offset, 30)
        flags, method, name_size, extra_size = struct.unpack("<6xHH16xHH", header)
        name = self._read_at(info.header_offset + 30, name_size)
        extra = self._read_at(info.header_offset + 30 + name_size, extra_size)
        if (
            (flags, method) != (info.flag_bits, info.compress_type)
            or name.decode("utf-8" if flags & 0x800 else "cp437") != info.filename
            or info.filename != info.orig_filename
            or info.comment
            or _has_second_name(info.extra)
            or _has_second_name(extra)
        ):
            raise FileVerdict(
                ALTERED, "Altered: the ZIP describes %s in two ways." % info.orig_filename
            )
        return info.header_offset + 30 + len(name) + len(extra)

    @staticmethod
    def _check_gap(end: int, start: int, flags: int) -> None:
        # With flag 8 a descriptor of 12 to 24 bytes follows the content: CRC and sizes.
        if start - end not in ((12, 16, 20, 24) if flags & 8 else (0,)):
            raise FileVerdict(
                ALTERED, "Altered: the ZIP is damaged, or bytes were added around its files."
            )

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the content of a member; raise FileVerdict if it is not what the ZIP states."""
        info = self.members[name]
        if info.flag_bits & 0x2041:
            raise FileVerdict(UNREADABLE, "%s cannot be read: it is encrypted." % name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileVerdict(
                UNREADABLE, "%s cannot be read: its compression is not supported." % name
            )
        if info.file_size > MAX_RATIO * info.compress_size + PIECE:
            raise FileVerdict(
                UNREADABLE, "%s was not read: it would unpack to an absurd size." % name
            )
        size = crc = 0
        try:
            for piece in self._unpacked(name, info):
                size, crc = size + len(piece), zlib.crc32(piece, crc)
                if size > info.file_size:
                    break
                yield piece
        except (zlib.error, EOFError):
            size = -1
        if (size, crc) != (info.file_size, info.CRC):
            raise FileVerdict(UNREADABLE, "%s cannot be read: it is damaged in the ZIP." % name)

    def _unpacked(self, name: str, info: zipfile.ZipInfo) -> Iterator[bytes]:
        is_stored = info.compress_type == zipfile.ZIP_STORED
        inflater, position = zlib.decompressobj(-15), self.starts[name]
        for start in range(position, position + info.compress_size, PIECE):
            piece = self._read_at(start, min(PIECE, position + info.compress_size - start))
            if is_stored:
                yield piece
                continue
            if inflater.eof:
                raise EOFError("bytes follow the compressed content")
            while piece:
                yield inflater.decompress(piece, PIECE)
                piece = inflater.unconsumed_tail
        if not is_stored:
            yield inflater.flush()
            if not inflater.eof or inflater.unused_data:
                raise EOFError("the compressed content has another length")


def _has_second_name(extra: bytes) -> bool:
    """Tell whether extra fields of a ZIP hold Info-ZIP's Unicode name or comment of a member."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind in (0x6375, 0x7075):
            return True
        extra = extra[4 + size :]
    return False


class FolderLayout:
    """The files of an unpacked pack."""

    def __init__(self, folder: Path) -> None:
        self.members = {file.name: file for file in folder.iterdir()}
        for name, file in self.members.items():
            if not stat.S_ISREG(file.lstat().st_mode):
                raise FileVerdict(ALTERED, "Altered: %s is not a file of a pack." % name)

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the content of a file."""
        with self.members[name].open("rb") as file:
            yield from read_pieces(file)


def read_pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield the content of a file in pieces."""
    return iter(lambda: file.read(PIECE), b"")


def split_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of the pieces with their ends; refuse one that is longer than MAX_LINE."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"
        if len(rest) > MAX_LINE:
            raise FileVerdict(UNREADABLE, "The file has a line of more than 1 MB.")
    if rest:
        yield rest


class Pack:
    """The files of an evidence pack, in a ZIP or in the folder it was unpacked to."""

    def __init__(self, layout: Union[ZipLayout, FolderLayout]) -> None:
        self.layout = layout

    def names(self) -> List[str]:
        return list(self.layout.members)

    def pieces(self, name: str) -> Iterator[bytes]:
        if name not in self.layout.members:
            raise FileVerdict(WRONG_LENGTH, "The pack is incomplete: %s is missing." % name)
        return self.layout.pieces(name)

    def lines(self, name: str) -> Iterator[bytes]:
        return split_lines(self.pieces(name))

    def read(self, name: str, limit: int) -> bytes:
        content = b""
        for piece in self.pieces(name):
            content += piece
            if len(content) > limit:
                raise FileVerdict(UNREADABLE, "%s is larger than it can be in a pack." % name)
        return content

    def sha256(self, name: str) -> str:
        digest = hashlib.sha256()
        for piece in self.pieces(name):
            digest.update(piece)
        return digest.hexdigest()


def verify_pack(pack: Pack, keys: Keys) -> FileVerdict:
    """Verify an evidence pack: its entries first, then its other files."""
    enclosed_keys = read_keys(pack.read("public-keys.txt", MAX_NOTE).decode().split())
    export = ExportVerifier(keys or enclosed_keys)
    verdict = export.verify(pack.lines("entries.jsonl"))
    manifest = _read_manifest(pack, keys or enclosed_keys)
    _check_files(pack, manifest)
    stated = (manifest["entries"], manifest["first_entry"], manifest["last_entry"])
    if stated != (export.entries, export.first, None if export.last < 0 else export.last):
        raise FileVerdict(
            WRONG_LENGTH, "The pack does not hold the entries that its manifest states."
        )
    totals = {"seq_sum": export.seq_sum, "actions": export.actions, "results": export.results}
    if manifest["control_totals"] != totals:
        raise FileVerdict(WRONG_LENGTH, "The manifest's control totals do not match the entries.")
    _check_seals(pack, keys or enclosed_keys)
    _check_disclosures(pack, export)
    if manifest.get("altered_names"):
        raise FileVerdict(
            ALTERED,
            "Altered: of the names in these entries, %d were not the ones recorded when this pack "
            "was made; the pack does not hold them." % manifest["altered_names"],
        )
    if not export.are_commitments_complete:
        verdict = FileVerdict(
            verdict.code,
            "%s Not checked: that each of the names belongs to one of the entries; there are more "
            "than %s." % (verdict.sentence, _format(MAX_COMMITMENTS)),
        )
    if verdict.code == INTACT and not keys:
        sentence = (
            "Not proven: checked only with the key inside this pack. Compare that key with the "
            "published one and pass it with --key. %s" % verdict.sentence
        )
        return FileVerdict(NOT_PROVEN, sentence)
    return verdict


def _read_manifest(pack: Pack, keys: Keys) -> Dict[str, Any]:
    raw = pack.read("manifest.json", MAX_MANIFEST)
    note = pack.read("manifest.note", MAX_NOTE).decode()
    text, signer, is_trusted = open_own_note(note, keys, "the manifest")
    _, kind, digest = text.split("\n")[:3]
    if not is_trusted or kind != "evidence pack":
        raise FileVerdict(
            NOT_TRUSTED, "The manifest is signed by %s, which is not a trusted key." % signer
        )
    if base64.b64decode(digest) != hashlib.sha256(raw).digest():
        raise FileVerdict(ALTERED, "Altered: manifest.json was changed after it was signed.")
    manifest = dict(read_json(raw))
    if (manifest["kind"], manifest["version"]) != (PACK_KIND, PACK_VERSION):
        raise FileVerdict(
            UNREADABLE, "This program cannot read the pack. Use the verify.py of a newer pack."
        )
    return manifest


def _check_files(pack: Pack, manifest: Dict[str, Any]) -> None:
    for name, sha256 in manifest["files"].items():
        if pack.sha256(name) != sha256:
            raise FileVerdict(ALTERED, "Altered: %s was changed after the pack was made." % name)
    unlisted = set(pack.names()) - set(manifest["files"]) - {"manifest.json", "manifest.note"}
    if unlisted:
        raise FileVerdict(
            ALTERED, "Altered: %s is not listed in the manifest." % sorted(unlisted)[0]
        )


def _check_seals(pack: Pack, keys: Keys) -> None:
    older, proof = None, []  # type: Optional[Seal], List[bytes]
    for number, line in enumerate(pack.lines("seals.jsonl"), 1):
        if number > MAX_SEALS:
            raise FileVerdict(UNREADABLE, "The pack has more seals than a pack can have.")
        record = read_json(line)
        seal = open_seal(record["note"], keys)
        if older and not is_consistent(older, seal, proof):
            raise FileVerdict(
                SEAL_MISMATCH, "Seal %s does not continue the seal before it." % record["number"]
            )
        older, proof = seal, [base64.b64decode(part) for part in record["proof"]]


def _check_disclosures(pack: Pack, export: ExportVerifier) -> None:
    for line in pack.lines("disclosures.jsonl"):
        name = read_json(line)
        commit = base64.b64decode(name["commit"], validate=True)
        digest = hmac.new(base64.b64decode(name["salt"]), name["value"].encode(), "sha256").digest()
        is_of_entry = commit[:16] in export.commitments or not export.are_commitments_complete
        if digest != commit or not is_of_entry:
            raise FileVerdict(
                ALTERED, "Altered: a name in disclosures.jsonl is not the one recorded."
            )


# --- Command line ---------------------------------------------------------------------------------


# What reading a file raises that is not as the product writes it.
DAMAGED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,  # also RecursionError and, for ZIPs of a later version, NotImplementedError
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
)


def verify_file(path: Path, keys: Iterable[str] = ()) -> FileVerdict:
    """Verify an evidence pack or an export and return the verdict; faults are not raised."""
    try:
        trusted_keys = read_keys(keys)
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return verify_pack(Pack(FolderLayout(path)), trusted_keys)
        if not stat.S_ISREG(mode):
            return FileVerdict(UNREADABLE, "This is neither a file nor a folder.")
        with path.open("rb") as file:
            # Whatever a program for ZIPs opens is verified as a ZIP, from its first byte on.
            is_zip = file.read(2) == b"PK" or zipfile.is_zipfile(file)
            file.seek(0)
            if is_zip:
                return verify_pack(Pack(ZipLayout(file)), trusted_keys)
            return ExportVerifier(trusted_keys).verify(split_lines(read_pieces(file)))
    except FileVerdict as fault:
        return fault
    except OSError as error:
        return FileVerdict(UNREADABLE, "The file cannot be opened: %s" % error)
    except DAMAGED as error:
        return FileVerdict(UNREADABLE, "The file cannot be read as a pack or an export: %s" % error)


def _format(number: int) -> str:
    return format(number, ",")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--key", action="append", default=[], metavar="NAME+ID+KEY")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    verdict = verify_file(options.file, options.key)
    facts = {"verdict": verdict.word, "seq": verdict.seq, "detail": verdict.sentence}
    if isinstance(sys.stdout, io.TextIOWrapper):
        # In a plain locale an old Python writes ASCII only.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout.write("%s\n" % (json.dumps(facts) if options.json else verdict.sentence))
    return verdict.code


if __name__ == "__main__":
    sys.exit(main())
