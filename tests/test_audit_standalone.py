"""The stand-alone verifier: exports and packs, alone in an empty folder, with nothing of ours."""

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
    """Write a log with seals in it."""
    assert sealed_log.write_sealed_log(9, 14) == SIZE - 1


def handed_out(search: Query, form: Format, out: BinaryIO) -> int:
    context = ExportContext(by=PRIYA, now=AT, folder=Path(tempfile.gettempdir()))
    return export_log(query=search, format=form, context=context, out=out)


def exported(search: Query) -> Lines:
    out = io.BytesIO()
    handed_out(search, "jsonl", out)
    return out.getvalue().decode().splitlines(keepends=True)


def packed(folder: Path, search: Query) -> Path:
    path = folder / "pack.zip"
    with path.open("wb") as out:
        handed_out(search, "pack", out)
    return path


def stored(folder: Path, lines: Lines) -> Path:
    path = folder / "log.jsonl"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def alone(folder: Path, *words: object) -> tuple[int, str]:
    """Run a copy of the verifier where nothing else is, on a Python that knows nothing of ours."""
    place = folder / "alone"
    place.mkdir(exist_ok=True)
    shutil.copy(str(standalone.__file__), place / "verify.py")
    command = [sys.executable, "-I", "-S", "verify.py", *map(str, words)]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


def edited(line: str, old: str = "GDPR", new: str = "GDPX") -> str:
    assert old in line
    return line.replace(old, new)


def forged(line: str) -> str:
    told = json.loads(line)
    told["body"] = edited(told["body"])
    told["leaf"] = standalone.leaf_hash(told["body"].encode()).hex()
    return f"{json.dumps(told, ensure_ascii=False)}\n"


def fewer(line: str) -> str:
    told = json.loads(line)
    return f"{json.dumps({**told, 'entries': told['entries'] - 1})}\n"


def made_to_fit(lines: Lines, at: int) -> Lines:
    """Rewrite an entry and everything after it that has no signature."""
    changed = [*lines[:at], forged(lines[at]), *lines[at + 1 :]]
    tree = standalone.Tree()
    for line in changed[1:-2]:
        tree.add(bytes.fromhex(json.loads(line)["leaf"]))
    roots = [root.hex() for root in tree.roots]
    ending = {**json.loads(lines[-2]), "roots": roots, "root": standalone.root_of(tree.roots).hex()}
    return [*changed[:-2], f"{json.dumps(ending)}\n", lines[-1]]


def seq_at(lines: Lines, at: int) -> int:
    return int(json.loads(lines[at])["seq"])


EVERYWHERE: dict[str, tuple[Change, set[str]]] = {
    "an edited body": (lambda ls, at: [*ls[:at], edited(ls[at]), *ls[at + 1 :]], {"altered"}),
    "an edited body and hash": (
        lambda ls, at: [*ls[:at], forged(ls[at]), *ls[at + 1 :]],
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
        lambda ls, at: [*ls[:at], *ls[at + 1 : -2], fewer(ls[-2]), ls[-1]],
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
@pytest.mark.parametrize("name", EVERYWHERE)
def test_every_change_to_an_export_is_named(
    log: None, tmp_path: Path, search: Query, name: str
) -> None:
    lines = exported(search)
    change, words = EVERYWHERE[name]
    places = [at for at, line in enumerate(lines) if at > 1 and "GDPR" in line]
    for at in random.Random(name).sample(places, min(PLACES, len(places))):
        file = stored(tmp_path, change(lines, at))
        found = verify_exported_file(file)
        assert found.word in words, (at, found.sentence)
        if words == {"altered"} and found.seq is not None:
            # Without the rows of hashes an edited hash is narrowed down to a subtree.
            assert found.seq in {seq_at(lines, at), seq_at(lines, at - 1)} or "one of" in (
                found.sentence
            )
    assert alone(tmp_path, file, "--key", PUBLIC) == (found.code, found.sentence)


def test_untouched_files_are_intact_everywhere(log: None, tmp_path: Path) -> None:
    for search in (Query(), PART, parse("#3", today=TODAY), parse("nothing", today=TODAY)):
        for file in (stored(tmp_path, exported(search)), packed(tmp_path, search)):
            found = verify_exported_file(file)
            assert (found.code, found.word) == (0, "intact"), found.sentence
            assert alone(tmp_path, file, "--key", PUBLIC) == (0, found.sentence)


def test_an_export_that_was_made_to_fit_does_not_match_its_seal(log: None, tmp_path: Path) -> None:
    file = stored(tmp_path, made_to_fit(exported(Query()), 5))

    assert alone(tmp_path, file, "--key", PUBLIC) == (
        standalone.SEAL_MISMATCH,
        "The seal does not match the log: entries were rewritten.",
    )


def test_an_export_that_another_key_sealed_is_not_trusted(
    log: None, tmp_path: Path, settings
) -> None:
    settings.AUDIT_SIGNING_KEY = SigningKey.generate("PeterNeumann").to_text()
    write_log(1)
    file = stored(tmp_path, exported(Query()))

    code, said = alone(tmp_path, file, "--key", PUBLIC)

    assert code == standalone.NOT_TRUSTED
    assert "not a trusted key" in said or "not signed by a trusted key" in said


def test_without_a_key_or_a_seal_nothing_is_called_intact(
    log: None, tmp_path: Path, settings
) -> None:
    code, said = alone(tmp_path, stored(tmp_path, exported(Query())))
    assert (code, said[:11]) == (standalone.NOT_PROVEN, "Not proven:")
    pack = packed(tmp_path, PART)
    code, said = alone(tmp_path, pack)
    assert (code, said[:57]) == (
        standalone.NOT_PROVEN,
        "Not proven: checked only with the key inside this pack. C",
    )
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_OWN_KEY_FILE = "", None
    for search in (Query(), PART):
        assert (
            verify_exported_file(stored(tmp_path, exported(search))).code == standalone.NOT_PROVEN
        )


def test_a_pack_verifies_itself_where_it_is_unpacked(log: None, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    with zipfile.ZipFile(packed(tmp_path, PART)) as pack:
        pack.extractall(folder)

    command = [sys.executable, "-I", "verify.py", "--key", PUBLIC]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Intact: 15 entries, each of them proven to be in the log")
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
def test_every_change_to_a_pack_is_named(
    log: None, tmp_path: Path, member: str, change, word: str
) -> None:
    whole, changed = packed(tmp_path, PART), tmp_path / "changed.zip"
    with zipfile.ZipFile(whole) as pack, zipfile.ZipFile(changed, "w") as other:
        for name in {*pack.namelist(), member}:
            raw = pack.read(name) if name in pack.namelist() else b""
            now = change(raw) if name == member else raw
            assert name != member or now != raw
            if now is not None:
                other.writestr(name, now)

    found = verify_exported_file(changed)

    assert found.word == word, found.sentence
    assert alone(tmp_path, changed, "--key", PUBLIC) == (found.code, found.sentence)


@pytest.mark.parametrize("search", [Query(), PART], ids=["the whole log", "a part"])
def test_any_other_byte_in_an_export_is_found(log: None, tmp_path: Path, search: Query) -> None:
    raw, chance = "".join(exported(search)).encode(), random.Random(7)
    file = tmp_path / "log.jsonl"
    for _ in range(MUTATIONS):
        changed = with_another_byte(raw, chance)
        file.write_bytes(changed)

        found = verify_exported_file(file)

        assert found.word != "intact" or says_the_same(raw, changed), changed
    assert alone(tmp_path, file, "--key", PUBLIC) == (found.code, found.sentence)


def test_any_other_byte_in_a_pack_is_found(log: None, tmp_path: Path) -> None:
    changed, chance = tmp_path / "changed.zip", random.Random(8)
    with zipfile.ZipFile(packed(tmp_path, PART)) as pack:
        members = {name: pack.read(name) for name in pack.namelist()}
    for _ in range(MUTATIONS // 2):
        name = chance.choice(sorted(members))
        other = members | {name: with_another_byte(members[name], chance)}
        with zipfile.ZipFile(changed, "w") as pack:
            for member, raw in other.items():
                pack.writestr(member, raw)

        found = verify_exported_file(changed)

        assert found.word != "intact", (name, other[name])
    assert alone(tmp_path, changed, "--key", PUBLIC) == (found.code, found.sentence)


def with_another_byte(raw: bytes, chance: random.Random) -> bytes:
    """Return the bytes with one changed, removed or added, anywhere."""
    at = chance.randrange(len(raw))
    new = chance.choice([b"", bytes([raw[at] ^ 1 << chance.randrange(8)]), raw[at : at + 1] * 2])
    return raw[:at] + new + raw[at + 1 :]


def says_the_same(raw: bytes, changed: bytes) -> bool:
    """Tell whether only the writing of the last line differs, which signs all others."""
    *others, last = raw.splitlines()
    *others_changed, last_changed = changed.splitlines()
    return others == others_changed and json.loads(last) == json.loads(last_changed)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        pytest.param(b"", "The file is empty.", id="empty"),
        pytest.param(b"a,b\n", "Line 1 of the file is not", id="no JSON"),
        pytest.param(b"[]\n", "Line 1 of the file is not", id="a list"),
        pytest.param(b'{"kind": "x"}\n', "The file is not an export", id="another kind"),
        pytest.param(b"\xff\xfe\n", "Line 1 of the file is not", id="no text"),
        pytest.param(b"PK\x05\x06" + bytes(18), "The pack is incomplete", id="an empty ZIP"),
    ],
)
def test_other_files_are_refused(db: None, tmp_path: Path, written: bytes, said: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(written)

    assert verify_exported_file(file).sentence.startswith(said)


def test_signatures_are_judged_as_the_library_judges_them() -> None:
    for number in range(8):
        key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        public, text = key.public_key().public_bytes_raw(), b"x" * number
        signature = key.sign(text)
        assert standalone.is_valid_signature(public, text, signature)
        for at in (0, 31, 32, 63):
            wrong = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
            assert not standalone.is_valid_signature(public, text, wrong)
        assert not standalone.is_valid_signature(public, text + b"y", signature)
