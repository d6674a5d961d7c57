"""`manage.py audit`: the log from the shell, and the exit codes that tell."""

import getpass
import io
import json
import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from assignments.audit.search.search import fetch_entry
from assignments.models import LogEntry
from tests import log_tampering
from tests.log_fixtures import write_log


def audit(*arguments: object) -> str:
    out = io.StringIO()
    call_command("audit", *map(str, arguments), stdout=out, stderr=io.StringIO())
    return out.getvalue()


def refused(*arguments: object) -> tuple[int, str]:
    with pytest.raises(CommandError) as refusal:
        audit(*arguments)
    return refusal.value.returncode, str(refusal.value)


def test_verify_says_that_the_log_is_intact(db: None) -> None:
    write_log(3)
    audit("seal")

    assert audit("verify").startswith(
        "Intact up to seal 1: 4 entries checked, 1 entry since then is not yet sealed. Root "
    )


def test_verify_does_not_call_intact_what_no_seal_vouches_for(db: None) -> None:
    write_log(3)

    code, said = refused("verify")

    assert (code, said[:40]) == (8, "Not sealed yet: 3 entries checked agains")


def test_verify_leaves_an_entry_that_names_who_is_at_the_shell(db: None) -> None:
    write_log(1)

    refused("verify")

    line = fetch_entry(1)
    assert line is not None
    assert str(line.actor).startswith(f"{getpass.getuser()} on ")
    assert (line.actor.ref, line.body["actor"]["means"], line.action) == (
        f"operator/{getpass.getuser()}",
        "command",
        "log.verified",
    )


def test_verify_tells_its_progress_on_the_other_channel(db: None) -> None:
    write_log(3)
    audit("seal")
    told = io.StringIO()

    call_command("audit", "verify", stdout=io.StringIO(), stderr=told)

    assert told.getvalue() == "4 entries checked\n"


def test_verify_names_the_first_broken_entry(db: None) -> None:
    write_log(5)
    log_tampering.edit_body(3, 5)

    assert refused("verify") == (2, "Altered at entry 3: body does not match the tree.")


def test_verify_tells_a_short_log_by_another_code(db: None) -> None:
    write_log(5)
    log_tampering.truncate(3, 5)

    code, said = refused("verify")

    assert (code, said[:40]) == (3, "The log is shorter than its head says: 3")


def test_verify_prints_json(db: None) -> None:
    write_log(2)
    audit("seal")

    told = json.loads(audit("verify", "--json"))

    assert (told["verdict"], told["size"], told["seq"]) == ("intact", 3, None)
    assert told["detail"].endswith(f"Root {told['root']}.")


def test_export_and_verify_the_file(db: None, tmp_path: Path) -> None:
    write_log(5)
    file = tmp_path / "log.jsonl"

    assert audit("export", "--format", "jsonl", "-o", file) == f"5 entries written to {file}.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]
    assert audit("verify", "--export", file).startswith("Intact: 5 entries, the whole log")
    assert LogEntry.objects.get(seq=6).action == "log.exported"


def test_export_of_a_sample_is_the_same_for_the_same_seed(db: None, tmp_path: Path) -> None:
    write_log(9)
    # Both are drawn from the same part of the log.
    asked = ("export", "--sample", "3", "--query", "when:<2026-11-24", "--seed", "audit-2026")
    drawn = []
    for name in ("one.zip", "two.zip"):
        told = json.loads(audit(*asked, "-o", tmp_path / name, "--json"))
        assert (told["sample"], told["seed"]) == (3, "audit-2026")
        with ZipFile(tmp_path / name) as pack:
            drawn.append(pack.read("sample.csv"))

    assert drawn[0] == drawn[1]
    assert drawn[0].count(b"\n") == 4
    assert audit("verify", "--export", tmp_path / "one.zip").startswith("Intact")
    body = LogEntry.objects.filter(action="log.exported").latest("seq").body
    assert json.loads(bytes(body))["detail"]["seed"] == "audit-2026"


def test_export_of_a_sample_makes_up_a_seed_and_says_it(db: None, tmp_path: Path) -> None:
    write_log(3)
    said = audit("export", "--sample", "1", "-o", tmp_path / "pack.zip")
    assert re.search(r"The seed of the sample is [0-9a-f]{12}\.", said)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(
            ("--sample", "many"), "--sample: Choose a size from 1 to 250.", id="not a number"
        ),
        pytest.param(
            ("--sample", "1", "--seed", "a b"),
            "--seed: Use 1 to 64 letters, digits, dots, hyphens or underscores.",
            id="not a seed",
        ),
        pytest.param(
            ("--format", "csv", "--seed", "a"),
            "--seed decides what --sample draws: give both.",
            id="a seed for nothing",
        ),
    ],
)
def test_export_refuses_what_is_no_sample(
    db: None, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    assert refused("export", *arguments, "-o", tmp_path / "pack.zip")[1] == sentence
    assert list(tmp_path.iterdir()) == []


def test_export_of_a_query_as_csv(db: None, tmp_path: Path) -> None:
    write_log(5)
    file = tmp_path / "log.csv"

    told = json.loads(audit("export", "--format", "csv", "--query", "amara", "-o", file, "--json"))

    assert told == {"entries": 3, "file": str(file)}
    assert file.read_text("utf-8").count("Amara Okafor") == 6


def test_verify_proves_a_part_entry_by_entry(db: None, tmp_path: Path) -> None:
    write_log(5)
    file = tmp_path / "part.jsonl"
    audit("export", "--format", "jsonl", "--query", "amara", "-o", file)

    said = audit("verify", "--export", file)

    assert said.startswith("Intact: 3 entries, each of them proven to be in the log that Peter")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        pytest.param(
            b"a,b\n", "Line 1 of the file is not a line of an export.", id="another kind of file"
        ),
        pytest.param(None, "No such file", id="no file"),
    ],
)
def test_verify_refuses_a_file(tmp_path: Path, written: bytes | None, said: str) -> None:
    file = tmp_path / "file"
    if written is not None:
        file.write_bytes(written)

    code, sentence = refused("verify", "--export", file)

    assert code == 1
    assert said in sentence
