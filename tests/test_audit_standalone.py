"""The standalone verifier on exports and packs, run without the product in an empty folder."""

import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import BinaryIO

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assignments.audit.export.formats import ExportContext, Format, export_log
from assignments.audit.search.parser import parse
from assignments.audit.search.query import Query
from assignments.audit.signing.keys import signing_key
from assignments.audit.signing.signed_note import SigningKey
from assignments.audit.verification import standalone
from assignments.audit.verification.exported_file import verify_exported_file
from tests import sealed_log
from tests.log_fixtures import AT, PRIYA, write_log
from tests.test_audit_signed_note import PUBLIC

MUTATIONS = int(os.environ.get("MUTATIONS", "130"))
PLACES = MUTATIONS // 10
SIZE = 25
TODAY = date(2026, 11, 25)
PART = parse("amara", today=TODAY)
Lines = list[str]
Change = Callable[[Lines, int], Lines]


@pytest.fixture
def log(db: None) -> None:
    """Write a log with two seals."""
    assert sealed_log.write_sealed_log(9, 14) == SIZE - 1


def write_export(search: Query, form: Format, out: BinaryIO) -> int:
    context = ExportContext(by=PRIYA, now=AT, folder=Path(tempfile.gettempdir()))
    return export_log(query=search, format=form, context=context, out=out)


def exported_lines(search: Query) -> Lines:
    out = io.BytesIO()
    write_export(search, "jsonl", out)
    return out.getvalue().decode().splitlines(keepends=True)


def write_pack(folder: Path, search: Query) -> Path:
    path = folder / "pack.zip"
    with path.open("wb") as out:
        write_export(search, "pack", out)
    return path


def write_lines(folder: Path, lines: Lines) -> Path:
    path = folder / "log.jsonl"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def run_verifier(folder: Path, *words: object) -> tuple[int, str]:
    """Run a copy of the verifier in an empty folder, with only the standard library."""
    place = folder / "alone"
    place.mkdir(exist_ok=True)
    shutil.copy(str(standalone.__file__), place / "verify.py")
    command = [sys.executable, "-I", "-S", "verify.py", *map(str, words)]
    process = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert process.stderr == ""
    return process.returncode, process.stdout.strip()


def edited(line: str, old: str = "GDPR", new: str = "GDPX") -> str:
    assert old in line
    return line.replace(old, new)


def edit_entry_and_hash(line: str) -> str:
    line_values = json.loads(line)
    line_values["body"] = edited(line_values["body"])
    line_values["leaf"] = standalone.leaf_hash(line_values["body"].encode()).hex()
    return f"{json.dumps(line_values, ensure_ascii=False)}\n"


def decrement_count(line: str) -> str:
    line_values = json.loads(line)
    return f"{json.dumps({**line_values, 'entries': line_values['entries'] - 1})}\n"


def rewrite_consistently(lines: Lines, at: int) -> Lines:
    """Rewrite an entry, and the tree in the footer to match it; the signature stays."""
    changed = [*lines[:at], edit_entry_and_hash(lines[at]), *lines[at + 1 :]]
    tree = standalone.Tree()
    for line in changed[1:-2]:
        tree.add(bytes.fromhex(json.loads(line)["leaf"]))
    roots = [root.hex() for root in tree.roots]
    ending = {**json.loads(lines[-2]), "roots": roots, "root": standalone.root_of(tree.roots).hex()}
    return [*changed[:-2], f"{json.dumps(ending)}\n", lines[-1]]


def seq_at(lines: Lines, at: int) -> int:
    return int(json.loads(lines[at])["seq"])


CHANGES: dict[str, tuple[Change, set[str]]] = {
    "an edited body": (lambda ls, at: [*ls[:at], edited(ls[at]), *ls[at + 1 :]], {"altered"}),
    "an edited body and hash": (
        lambda ls, at: [*ls[:at], edit_entry_and_hash(ls[at]), *ls[at + 1 :]],
        {"altered"},
    ),
    "an entry twice": (lambda ls, at: [*ls[: at + 1], *ls[at:]], {"altered"}),
    "two swapped": (
        lambda ls, at: [*ls[: at - 1], ls[at], ls[at - 1], *ls[at + 1 :]],
        {"altered"},
    ),
    "an entry removed": (
        lambda ls, at: [*ls[:at], *ls[at + 1 :]],
        {"altered", "wrong length"},
    ),
    "an entry removed and not counted": (
        lambda ls, at: [*ls[:at], *ls[at + 1 : -2], decrement_count(ls[-2]), ls[-1]],
        {"altered", "wrong length"},
    ),
    "cut off": (lambda ls, at: ls[:at], {"wrong length"}),
    "no signature": (lambda ls, _: ls[:-1], {"wrong length"}),
    "another heading": (
        lambda ls, _: [edited(ls[0], '"exported_at": "2026', '"exported_at": "2025'), *ls[1:]],
        {"altered"},
    ),
}


@pytest.mark.parametrize("search", [Query(), PART], ids=["the whole log", "a part"])
@pytest.mark.parametrize("name", CHANGES)
def test_every_change_to_an_export_is_detected(
    log: None, tmp_path: Path, search: Query, name: str
) -> None:
    lines = exported_lines(search)
    change, words = CHANGES[name]
    places = [at for at, line in enumerate(lines) if at > 1 and "GDPR" in line]
    for at in random.Random(name).sample(places, min(PLACES, len(places))):
        file = write_lines(tmp_path, change(lines, at))
        verdict = verify_exported_file(file)
        assert verdict.word in words, (at, verdict.sentence)
        if words == {"altered"} and verdict.seq is not None:
            # Without the rows of hashes an edited hash is narrowed down to a subtree.
            assert verdict.seq in {seq_at(lines, at), seq_at(lines, at - 1)} or "one of" in (
                verdict.sentence
            )
    assert run_verifier(tmp_path, file, "--key", PUBLIC) == (verdict.code, verdict.sentence)


def test_unaltered_files_are_intact(log: None, tmp_path: Path) -> None:
    for search in (Query(), PART, parse("#3", today=TODAY), parse("nothing", today=TODAY)):
        for file in (write_lines(tmp_path, exported_lines(search)), write_pack(tmp_path, search)):
            verdict = verify_exported_file(file)
            assert (verdict.code, verdict.word) == (0, "intact"), verdict.sentence
            assert run_verifier(tmp_path, file, "--key", PUBLIC) == (0, verdict.sentence)


def test_a_consistently_rewritten_export_does_not_match_its_seal(log: None, tmp_path: Path) -> None:
    file = write_lines(tmp_path, rewrite_consistently(exported_lines(Query()), 5))

    assert run_verifier(tmp_path, file, "--key", PUBLIC) == (
        standalone.SEAL_MISMATCH,
        "The seal does not match the log: entries were rewritten.",
    )


def test_an_export_sealed_with_another_key_is_not_trusted(
    log: None, tmp_path: Path, settings
) -> None:
    settings.AUDIT_SIGNING_KEY = SigningKey.generate("PeterNeumann").to_text()
    write_log(1)
    file = write_lines(tmp_path, exported_lines(Query()))

    code, sentence = run_verifier(tmp_path, file, "--key", PUBLIC)

    assert code == standalone.NOT_TRUSTED
    assert "not a trusted key" in sentence or "not signed by a trusted key" in sentence


@pytest.mark.parametrize("search", [Query(), PART], ids=["the whole log", "a part"])
def test_a_seal_of_another_log_by_the_same_key_is_not_trusted(
    log: None, tmp_path: Path, search: Query
) -> None:
    first_line, *others = exported_lines(search)
    header = json.loads(first_line)
    signed_text = header["seal"].rpartition("\n\n")[0] + "\n"
    header["seal"] = signing_key().sign(signed_text.replace("PeterNeumann", "AnotherLog"))
    file = write_lines(tmp_path, [f"{json.dumps(header)}\n", *others])

    assert run_verifier(tmp_path, file, "--key", PUBLIC) == (
        standalone.NOT_TRUSTED,
        "The seal belongs to another log, AnotherLog.",
    )


def test_nothing_is_intact_without_a_key_or_a_seal(log: None, tmp_path: Path, settings) -> None:
    code, sentence = run_verifier(tmp_path, write_lines(tmp_path, exported_lines(Query())))
    assert (code, sentence[:11]) == (standalone.NOT_PROVEN, "Not proven:")
    pack = write_pack(tmp_path, PART)
    code, sentence = run_verifier(tmp_path, pack)
    assert (code, sentence[:57]) == (
        standalone.NOT_PROVEN,
        "Not proven: checked only with the key inside this pack. C",
    )
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_OWN_KEY_FILE = "", None
    for search in (Query(), PART):
        assert (
            verify_exported_file(write_lines(tmp_path, exported_lines(search))).code
            == standalone.NOT_PROVEN
        )


def test_a_pack_verifies_itself_where_it_is_unpacked(log: None, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    with zipfile.ZipFile(write_pack(tmp_path, PART)) as pack:
        pack.extractall(folder)

    command = [sys.executable, "-I", "verify.py", "--key", PUBLIC]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.startswith("Intact: 15 entries, each of them proven to be in the log")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["entries"], manifest["first_entry"], manifest["last_entry"]) == (15, 1, 23)
    assert manifest["created_by"]["name"] == "Priya Mehta"
    assert (
        "15 entries, exported at 2026-11-23T10:43:00.123456Z (UTC) by Priya Mehta."
        in (folder / "README.txt").read_text()
    )


@pytest.mark.parametrize(
    ("member", "change", "word"),
    [
        pytest.param("entries.jsonl", lambda raw: raw.replace(b"GDPR", b"GDPX", 1), "altered"),
        pytest.param("entries.jsonl", lambda raw: raw[: len(raw) // 2], "unreadable"),
        pytest.param("entries.csv", lambda raw: raw.replace(b"GDPR", b"GDPX", 1), "altered"),
        pytest.param("README.txt", lambda raw: raw + b"\n", "altered"),
        pytest.param("verify.py", lambda raw: raw + b"\n", "altered"),
        pytest.param("manifest.json", lambda raw: raw.replace(b"Priya", b"Prija"), "altered"),
        pytest.param(
            "manifest.note", lambda raw: raw.replace(b"pack\n", b"pack\nA"), "seal not trusted"
        ),
        pytest.param("seals.jsonl", lambda raw: raw.split(b"\n", 1)[1], "altered"),
        pytest.param("disclosures.jsonl", lambda raw: raw.replace(b"Amara", b"Amira"), "altered"),
        pytest.param("disclosures.jsonl", lambda _: None, "wrong length"),
        pytest.param("more.txt", lambda _: b"more", "altered"),
    ],
)
def test_every_change_to_a_pack_is_detected(
    log: None, tmp_path: Path, member: str, change, word: str
) -> None:
    whole, changed = write_pack(tmp_path, PART), tmp_path / "changed.zip"
    with zipfile.ZipFile(whole) as pack, zipfile.ZipFile(changed, "w") as other:
        for name in {*pack.namelist(), member}:
            raw = pack.read(name) if name in pack.namelist() else b""
            now = change(raw) if name == member else raw
            assert name != member or now != raw
            if now is not None:
                other.writestr(name, now)

    verdict = verify_exported_file(changed)

    assert verdict.word == word, verdict.sentence
    assert run_verifier(tmp_path, changed, "--key", PUBLIC) == (verdict.code, verdict.sentence)


@pytest.mark.slow
@pytest.mark.parametrize("search", [Query(), PART], ids=["the whole log", "a part"])
def test_any_changed_byte_in_an_export_is_detected(
    log: None, tmp_path: Path, search: Query
) -> None:
    raw, rng = "".join(exported_lines(search)).encode(), random.Random(7)
    file = tmp_path / "log.jsonl"
    for _ in range(MUTATIONS):
        changed = mutate_byte(raw, rng)
        file.write_bytes(changed)

        verdict = verify_exported_file(file)

        assert verdict.word != "intact" or changed == raw, changed
    assert run_verifier(tmp_path, file, "--key", PUBLIC) == (verdict.code, verdict.sentence)


@pytest.mark.slow
def test_any_changed_byte_in_a_pack_is_detected(log: None, tmp_path: Path) -> None:
    changed, rng = tmp_path / "changed.zip", random.Random(8)
    with zipfile.ZipFile(write_pack(tmp_path, PART)) as pack:
        members = {name: pack.read(name) for name in pack.namelist()}
    for _ in range(MUTATIONS // 2):
        name = rng.choice(sorted(members))
        other = members | {name: mutate_byte(members[name], rng)}
        with zipfile.ZipFile(changed, "w") as pack:
            for member, raw in other.items():
                pack.writestr(member, raw)

        verdict = verify_exported_file(changed)

        assert verdict.word != "intact", (name, other[name])
    assert run_verifier(tmp_path, changed, "--key", PUBLIC) == (verdict.code, verdict.sentence)


def mutate_byte(raw: bytes, rng: random.Random) -> bytes:
    """Return the bytes with one of them changed, removed or repeated."""
    at = rng.randrange(len(raw))
    new = rng.choice([b"", bytes([raw[at] ^ 1 << rng.randrange(8)]), raw[at : at + 1] * 2])
    return raw[:at] + new + raw[at + 1 :]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        pytest.param(b"", "The file is empty.", id="empty"),
        pytest.param(b"a,b\n", "Line 1 of the file is not", id="no JSON"),
        pytest.param(b"[]\n", "Line 1 of the file is not", id="a list"),
        pytest.param(b'{"kind": "x"}\n', "The file is not an export", id="another kind"),
        pytest.param(b"\xff\xfe\n", "Line 1 of the file is not", id="no text"),
        pytest.param(b"PK\x05\x06" + bytes(18), "The pack is incomplete", id="an empty ZIP"),
    ],
)
def test_other_files_are_refused(db: None, tmp_path: Path, written: bytes, sentence: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(written)

    assert verify_exported_file(file).sentence.startswith(sentence)


def test_signatures_are_verified_like_by_the_cryptography_library() -> None:
    for number in range(8):
        key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        public, text = key.public_key().public_bytes_raw(), b"x" * number
        signature = key.sign(text)
        assert standalone.is_valid_signature(public, text, signature)
        for at in (0, 31, 32, 63):
            wrong = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
            assert not standalone.is_valid_signature(public, text, wrong)
        assert not standalone.is_valid_signature(public, text + b"y", signature)
