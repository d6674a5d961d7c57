"""Hostile exports and packs: each ends in a verdict, in bounded memory, and no altered one passes.

Every file is verified by the product and by the standalone verifier as a process of its own.
"""

import base64
import io
import json
import os
import random
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignments.audit.verification import standalone
from assignments.audit.verification.exported_file import verify_exported_file
from tests.test_audit_signed_note import PUBLIC
from tests.test_audit_standalone import (
    PART,
    exported_lines,
    log,  # noqa: F401  fixture
    run_verifier,
    write_pack,
)

MAX_MEMORY = 64 * 1024 * 1024
Members = list[tuple[str, bytes]]
# Prints the verdict of each file named on standard input, then its memory above the interpreter's.
MANY = """
import json, resource, sys
from pathlib import Path
import verify
unit = 1 if sys.platform == "darwin" else 1024
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for line in sys.stdin:
    print(verify.verify_file(Path(line[:-1]), sys.argv[1:]).word)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit)
"""


def run_on_many(folder: Path, files: list[Path]) -> tuple[list[str], int]:
    """Return the standalone verifier's verdicts on the files, and the bytes of memory it took."""
    place = folder / "alone"
    place.mkdir(exist_ok=True)
    shutil.copy(str(standalone.__file__), place / "verify.py")
    (place / "many.py").write_text(MANY)
    process = subprocess.run(
        [sys.executable, "-S", "many.py", PUBLIC],
        cwd=place,
        input="".join(f"{file}\n" for file in files),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stderr) == (0, "")
    *words, memory = process.stdout.split("\n")[:-1]
    return words, int(memory)


@pytest.fixture
def pack(log: None, tmp_path: Path) -> Path:  # noqa: F811  the imported fixture
    """Write a pack of a part of the log."""
    return write_pack(tmp_path, PART)


def members_of(path: Path) -> Members:
    with zipfile.ZipFile(path) as file:
        return [(info.filename, file.read(info)) for info in file.infolist()]


def write_zip(path: Path, members: Members, compression: int = zipfile.ZIP_STORED) -> Path:
    """Write the members; a name may occur twice."""
    with zipfile.ZipFile(path, "w", compression) as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        for name, raw in members:
            file.writestr(name, raw)
    return path


def patched(raw: bytes, at: int, new: bytes) -> bytes:
    return raw[:at] + new + raw[at + len(new) :]


def in_directory(raw: bytes, member: str, offset: int, new: bytes) -> bytes:
    """Return the ZIP with bytes of a member's entry in its directory replaced."""
    return patched(raw, raw.rindex(b"PK\1\2", 0, raw.rindex(member.encode())) + offset, new)


def in_both(raw: bytes, member: str, offset: int, new: bytes) -> bytes:
    """Return the ZIP with the same field of a member replaced in its header and the directory."""
    changed = in_directory(raw, member, offset + 2, new)
    return patched(
        changed, changed.rindex(b"PK\3\4", 0, changed.index(member.encode())) + offset, new
    )


def comment_added(raw: bytes) -> bytes:
    end = raw.rindex(b"PK\5\6")
    return raw[: end + 20] + b"\x08\0Approved"


def hidden_after_deflate(raw: bytes) -> bytes:
    """Return a ZIP whose README.txt has bytes behind the end of its compressed content."""
    with zipfile.ZipFile(io.BytesIO(raw)) as file:
        infos = {info.filename: info for info in file.infolist()}
    name = list(infos)[-1]
    size = infos[name].compress_size
    directory = raw.index(b"PK\1\2")
    longer = raw[:directory] + b"SECRET" + raw[directory:]
    header = raw.rindex(b"PK\3\4", 0, directory)
    longer = patched(longer, header + 18, (size + 6).to_bytes(4, "little"))
    longer = in_directory(longer, name, 20, (size + 6).to_bytes(4, "little"))
    end = longer.rindex(b"PK\5\6")
    return patched(longer, end + 16, (directory + 6).to_bytes(4, "little"))


ZIPS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a comment": (comment_added, "altered"),
    "bytes before it": (lambda raw: b"#!/bin/sh\n" + raw, "altered"),
    "bytes after it": (lambda raw: raw + b"Approved", "altered"),
    "a ZIP after it": (lambda raw: raw + raw, "altered"),
    "bytes between directory and end": (
        lambda raw: raw[: raw.rindex(b"PK\5\6")] + b"x" + raw[raw.rindex(b"PK\5\6") :],
        "altered",
    ),
    "cut off": (lambda raw: raw[:-30], "altered"),
    "half of it": (lambda raw: raw[: len(raw) // 2], "altered"),
    "two letters": (lambda raw: raw[:2], "unreadable"),
    "an encrypted member": (lambda raw: in_both(raw, "README.txt", 6, b"\x01\0"), "unreadable"),
    "an unknown compression": (lambda raw: in_both(raw, "README.txt", 8, b"\x63\0"), "unreadable"),
    "LZMA": (lambda raw: in_both(raw, "README.txt", 8, b"\x0e\0"), "unreadable"),
    "a wrong CRC": (lambda raw: in_directory(raw, "README.txt", 16, b"oops"), "unreadable"),
    "an absurd size": (
        lambda raw: in_directory(raw, "README.txt", 24, b"\xf0\xff\xff\xff"),
        "unreadable",
    ),
    "a smaller size": (lambda raw: in_directory(raw, "README.txt", 24, b"\1\0\0\0"), "unreadable"),
    "an absurd offset": (
        lambda raw: in_directory(raw, "README.txt", 42, b"\xf0\xff\xff\xff"),
        "altered",
    ),
    "a later ZIP version": (
        lambda raw: in_directory(raw, "README.txt", 6, b"\xff\0"),
        "unreadable",
    ),
    "another name at its content": (
        lambda raw: patched(raw, raw.index(b"README.txt"), b"README.exe"),
        "altered",
    ),
    "NUL in a name": (lambda raw: raw.replace(b"README.txt", b"README\0txt"), "altered"),
    "bytes behind compressed content": (hidden_after_deflate, "unreadable"),
    "a directory of absurd size": (
        lambda raw: patched(raw, raw.rindex(b"PK\5\6") + 12, b"\xff\xff\xff\x7f"),
        "altered",
    ),
}


def check(file: Path, words: set[str], folder: Path) -> None:
    verdict = verify_exported_file(file)
    assert verdict.word in words, verdict.sentence
    assert verdict.sentence.isprintable()
    assert run_verifier(folder, file, "--key", PUBLIC) == (verdict.code, verdict.sentence)


@pytest.mark.parametrize("name", ZIPS)
def test_a_zip_that_was_tampered_with(pack: Path, tmp_path: Path, name: str) -> None:
    change, word = ZIPS[name]
    pack.write_bytes(change(pack.read_bytes()))

    check(pack, {word}, tmp_path)


@pytest.mark.parametrize("is_first", [True, False], ids=["before it", "after it"])
@pytest.mark.parametrize("name", ["entries.csv", "entries.jsonl", "manifest.json", "README.txt"])
def test_a_member_twice_is_altered_wherever_it_stands(
    pack: Path, tmp_path: Path, name: str, is_first: bool
) -> None:
    members = members_of(pack)
    doctored = (name, b"Everything was approved.")
    write_zip(pack, [doctored, *members] if is_first else [*members, doctored])

    check(pack, {"altered"}, tmp_path)


@pytest.mark.parametrize("name", ["__more.txt", "__MACOSX/a", "a/README.txt", "../up", "pack.zip"])
def test_a_member_more_is_altered(pack: Path, tmp_path: Path, name: str) -> None:
    write_zip(pack, [*members_of(pack), (name, pack.read_bytes())])

    check(pack, {"altered"}, tmp_path)


@pytest.mark.parametrize("name", ["__more.txt", "__pycache__", ".hidden", "a link", "a pipe"])
def test_a_file_more_in_an_unpacked_pack_is_altered(pack: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "evidence"
    with zipfile.ZipFile(pack) as file:
        file.extractall(folder)
    match name:
        case "__pycache__":
            (folder / name).mkdir()
        case "a link":
            (folder / "README.txt").rename(tmp_path / "README.txt")
            (folder / "README.txt").symlink_to(tmp_path / "README.txt")
        case "a pipe":
            os.mkfifo(folder / "pipe")
        case _:
            (folder / name).write_text("Everything was approved.")

    check(folder, {"altered"}, tmp_path)


def test_a_pack_that_was_zipped_again_is_intact(pack: Path, tmp_path: Path) -> None:
    members = members_of(pack)
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        write_zip(pack, members[::-1], compression)
        check(pack, {"intact"}, tmp_path)

    # Written without seeking, as to a pipe, sizes follow the contents.
    out = io.BytesIO()
    pipe = type("Pipe", (io.RawIOBase,), {"write": lambda _, raw: out.write(bytes(raw))})()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as file:
        for name, raw in members:
            file.writestr(name, raw)
    pack.write_bytes(out.getvalue())
    check(pack, {"intact"}, tmp_path)


def with_line(raw: str, **more: object) -> str:
    return json.dumps({**json.loads(raw), **more}, ensure_ascii=False) + "\n"


def doubled_signature(raw: str) -> str:
    """Return the last line with a second signature, of nobody, in its note."""
    note = json.loads(raw)["signature"]
    return json.dumps({"signature": note + "— Auditor AAAAAA==\n"}, ensure_ascii=False) + "\n"


LINES: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "a field beside the signature": (
        lambda ls: [*ls[:-1], with_line(ls[-1], approved=True)],
        "altered",
    ),
    "a name twice in the last line": (
        lambda ls: [*ls[:-1], ls[-1].replace("{", '{"signature": "approved", ', 1)],
        "unreadable",
    ),
    "a second signature": (lambda ls: [*ls[:-1], doubled_signature(ls[-1])], "altered"),
    "spaces in the last line": (lambda ls: [*ls[:-1], " " + ls[-1]], "altered"),
    "no end of the last line": (lambda ls: [*ls[:-1], ls[-1][:-1]], "altered"),
    "a line after the signature": (lambda ls: [*ls, ls[2]], "altered"),
    "the signature twice": (lambda ls: [*ls, ls[-1]], "altered"),
    "an empty line at the end": (lambda ls: [*ls, "\n"], "unreadable"),
    "an empty line": (lambda ls: [*ls[:3], "\n", *ls[3:]], "unreadable"),
    "CRLF": (lambda ls: [line.replace("\n", "\r\n") for line in ls], "altered"),
    "a byte order mark": (lambda ls: ["\ufeff" + ls[0], *ls[1:]], "unreadable"),
    "a field in the header": (lambda ls: [with_line(ls[0], note="approved"), *ls[1:]], "altered"),
    "a field in an entry": (
        lambda ls: [*ls[:2], with_line(ls[2], note="approved"), *ls[3:]],
        "altered",
    ),
    "a field in the footer": (
        lambda ls: [*ls[:-2], with_line(ls[-2], note="approved"), ls[-1]],
        "altered",
    ),
    "a name twice in an entry": (
        lambda ls: [*ls[:2], ls[2].replace("{", '{"seq": 999, ', 1), *ls[3:]],
        "unreadable",
    ),
    "NaN": (lambda ls: [ls[0], ls[1].replace("{", '{"a": NaN, ', 1), *ls[2:]], "unreadable"),
    "a number of a million digits": (
        lambda ls: [ls[0], with_line(ls[1]).replace("{", '{"a": ' + "9" * 10**6 + ", ", 1)],
        "unreadable",
    ),
    "an endless number of entries": (
        lambda ls: [*ls[:-2], with_line(ls[-2], entries=10**19), ls[-1]],
        "wrong length",
    ),
    "a fraction as a number": (
        lambda ls: [ls[0], with_line(ls[1], seq=1.0), *ls[2:]],
        "unreadable",
    ),
    "true as a number": (lambda ls: [ls[0], with_line(ls[1], seq=True), *ls[2:]], "unreadable"),
    "deep nesting": (
        lambda ls: [ls[0], '{"a": ' + "[" * 200_000 + "]" * 200_000 + "}\n", *ls[1:]],
        "unreadable",
    ),
    "a lone surrogate": (
        lambda ls: [ls[0], json.dumps({**json.loads(ls[1]), "body": "\ud800"}) + "\n", *ls[2:]],
        "unreadable",
    ),
    "a line of two megabytes": (lambda ls: [ls[0], " " * 2**21, *ls[1:]], "unreadable"),
    "no entries": (lambda ls: [ls[0], *ls[-2:]], "wrong length"),
    "a control sequence for a terminal": (
        lambda ls: [
            with_line(ls[0], seal=json.loads(ls[0])["seal"].replace("— Peter", "— \x1b[2J\ud800")),
            *ls[1:],
        ],
        "seal not trusted",
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_an_export_that_was_tampered_with(
    log: None,  # noqa: F811  the imported fixture
    tmp_path: Path,
    name: str,
) -> None:
    change, word = LINES[name]
    file = tmp_path / "log.jsonl"
    lines = change(exported_lines(PART))
    file.write_bytes("".join(lines).encode("utf-8", errors="surrogatepass"))

    check(file, {word, "unreadable"} if "control" in name else {word}, tmp_path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp037"])
def test_an_export_in_another_encoding_is_unreadable(
    log: None,  # noqa: F811  the imported fixture
    tmp_path: Path,
    encoding: str,
) -> None:
    file = tmp_path / "log.jsonl"
    file.write_bytes("".join(exported_lines(PART)).encode(encoding, errors="replace"))

    check(file, {"unreadable"}, tmp_path)


def test_what_is_no_file_is_unreadable(db: None, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path / "none"):
        check(path, {"unreadable"}, tmp_path)


def contents(raw: bytes) -> object:
    """Return what a program for ZIPs reads from the bytes, or why it reads nothing."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as file:
            return sorted((info.filename, file.read(info)) for info in file.infolist())
    except Exception as error:
        return repr(error)


def mutated(raw: bytes, rng: random.Random) -> bytes:
    """Return the bytes with some of them changed, removed, inserted or repeated."""
    for _ in range(rng.randint(1, 3)):
        at, size = rng.randrange(len(raw) + 1), rng.choice([1, 1, 1, 2, 8, 100])
        match rng.randrange(4):
            case 0:
                raw = raw[:at] + rng.randbytes(size) + raw[at + size :]
            case 1:
                raw = raw[:at] + raw[at + size :]
            case 2:
                raw = raw[:at] + rng.randbytes(size) + raw[at:]
            case _:
                raw = raw[: at + size] + raw[at:]
    return raw


def test_no_pack_with_random_changes_is_intact(pack: Path, tmp_path: Path) -> None:
    raw, rng, files, words = pack.read_bytes(), random.Random(22), list[Path](), list[str]()
    whole = contents(raw)
    for number in range(150):
        # Half of the changes are near the directory, where the layout of the ZIP is described.
        near = max(0, len(raw) - 2_000) if number % 2 else 0
        changed = raw[:near] + mutated(raw[near:], rng)
        files.append(tmp_path / f"{number}.zip")
        files[-1].write_bytes(changed)
        words.append(verify_exported_file(files[-1]).word)
        assert words[-1] != "intact" or contents(changed) == whole, number

    assert run_on_many(tmp_path, files)[0] == words


def add(members: Members, at: int, other: int) -> None:
    members.insert(at, (f"{other}", members[at][1]))


def rename(members: Members, at: int, _: int) -> None:
    members[at] = (f"__{members[at][0]}", members[at][1])


def repeat(members: Members, at: int, other: int) -> None:
    members.insert(other, (members[at][0], members[other][1]))


def swap_contents(members: Members, at: int, other: int) -> None:
    (name, raw), (other_name, other_raw) = members[at], members[other]
    members[at], members[other] = (name, other_raw), (other_name, raw)


def truncate(members: Members, at: int, other: int) -> None:
    members[at] = (members[at][0], members[at][1][: other * 100])


OPERATIONS = (add, lambda members, at, _: members.pop(at), rename, repeat, swap_contents, truncate)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(data=st.data())
def test_no_pack_with_other_members_is_intact(
    pack: Path, tmp_path: Path, data: st.DataObject
) -> None:
    members = members_of(pack)
    changed = list(members)
    for operation in data.draw(st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=4)):
        places = st.integers(0, len(changed) - 1)
        operation(changed, data.draw(places), data.draw(places))
    file = write_zip(tmp_path / "changed.zip", changed)

    verdict = verify_exported_file(file)

    assert (verdict.word == "intact") == (sorted(changed) == sorted(members)), verdict.sentence


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(raw=st.binary() | st.binary().map(lambda raw: b"PK\3\4" + raw) | st.text().map(str.encode))
def test_any_bytes_end_in_a_verdict(db: None, tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "any"
    file.write_bytes(raw)

    assert verify_exported_file(file).word == "unreadable" or raw[:2] == b"PK"


def unsealed_lines(entries: Iterator[tuple[int, list[dict[str, object]]]]) -> Iterator[str]:
    """Yield an unsealed export whose entries are about the people given for each number."""
    header = {"kind": standalone.KIND, "version": standalone.VERSION, "is_whole_log": False}
    yield json.dumps({**header, "seal": "", "adopted": []}) + "\n"
    number = -1
    for number, people in entries:
        entry = {"v": 1, "seq": number, "action": "a", "result": "", "actor": {}, "people": people}
        body = json.dumps(entry)
        leaf = standalone.leaf_hash(body.encode()).hex()
        yield json.dumps({"seq": number, "leaf": leaf, "body": body}) + "\n"
    yield json.dumps({"entries": number + 1}) + "\n"


def many_people() -> Iterator[tuple[int, list[dict[str, object]]]]:
    """Yield entries that are about more different people than a verifier can remember."""
    for seq in range(60):
        names = (b"%032d" % (seq * 5_000 + person) for person in range(5_000))
        yield seq, [{"name": {"commit": base64.b64encode(name).decode()}} for name in names]


def many_actions() -> Iterator[str]:
    for number, line in enumerate(unsealed_lines((seq, []) for seq in range(3_000))):
        yield line.replace('\\"a\\"', f'\\"{number}{"a" * 100}\\"')


def bombs(members: Members, folder: Path) -> Iterator[Path]:
    """Write files that are small, or have parts that unpack or parse to much more."""
    zeros = bytes(200 * 2**20)
    for name in ("entries.jsonl", "public-keys.txt", "manifest.json", "README.txt", "seals.jsonl"):
        others = [member for member in members if member[0] != name]
        yield write_zip(
            folder / f"zeros-{name}.zip", [(name, zeros), *others], zipfile.ZIP_DEFLATED
        )
    lines = "".join(random.Random(1).choices("0123456789abcdef", k=2**20)).encode() * 40
    for name in ("entries.jsonl", "public-keys.txt", "manifest.json", "disclosures.jsonl"):
        others = [member for member in members if member[0] != name]
        yield write_zip(folder / f"line-{name}.zip", [(name, lines), *others])
    yield write_zip(folder / "members.zip", [(f"{number}", b"") for number in range(60_000)])
    for number, piece in enumerate(["{},", "[],", '{"":0},', "1.5,", '"\u00e9",', '{"a":{}},']):
        file = folder / f"parsed-{number}.jsonl"
        file.write_text('{"a": [' + piece * (2**20 // len(piece) - 20) + "0]}\n")
        yield file
    for name, made in (("people", unsealed_lines(many_people())), ("actions", many_actions())):
        file = folder / f"{name}.jsonl"
        file.write_text("".join(made))
        yield file


def test_no_file_takes_much_memory_or_time(pack: Path, tmp_path: Path) -> None:
    for file in bombs(members_of(pack), tmp_path):
        started = time.process_time()
        verdict = verify_exported_file(file)
        words, memory = run_on_many(tmp_path, [file])

        assert words == [verdict.word]
        assert verdict.word in {"unreadable", "not proven", "altered"}, file.name
        assert memory <= MAX_MEMORY, (file.name, memory)
        assert time.process_time() - started < 20, file.name
