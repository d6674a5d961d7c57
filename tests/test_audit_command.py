"""`manage.py audit`: verification, exports and exit codes."""

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


def test_verify_of_an_intact_log(db: None) -> None:
    write_log(3)
    audit("seal")

    assert audit("verify").startswith(
        "Intact up to seal 1: 4 entries checked, 1 entry since then is not yet sealed. Root "
    )


def test_verify_of_an_unsealed_log_is_not_intact(db: None) -> None:
    write_log(3)

    code, output = refused("verify")

    assert (code, output[:40]) == (8, "Not sealed yet: 3 entries checked agains")


def test_verify_is_recorded_with_the_operating_system_user(db: None) -> None:
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


def test_verify_prints_progress_to_stderr(db: None) -> None:
    write_log(3)
    audit("seal")
    stderr = io.StringIO()

    call_command("audit", "verify", stdout=io.StringIO(), stderr=stderr)

    assert stderr.getvalue() == "4 entries checked\n"


def test_verify_names_the_first_broken_entry(db: None) -> None:
    write_log(5)
    log_tampering.edit_body(3, 5)

    assert refused("verify") == (2, "Altered at entry 3: body does not match the tree.")


def test_verify_of_a_short_log_has_its_own_exit_code(db: None) -> None:
    write_log(5)
    log_tampering.truncate(3, 5)

    code, output = refused("verify")

    assert (code, output[:40]) == (3, "The log is shorter than its head says: 3")


def test_verify_prints_json(db: None) -> None:
    write_log(2)
    audit("seal")

    result = json.loads(audit("verify", "--json"))

    assert (result["verdict"], result["size"], result["seq"]) == ("intact", 3, None)
    assert result["detail"].endswith(f"Root {result['root']}.")


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
    arguments = ("export", "--sample", "3", "--query", "when:<2026-11-24", "--seed", "audit-2026")
    drawn = []
    for name in ("one.zip", "two.zip"):
        result = json.loads(audit(*arguments, "-o", tmp_path / name, "--json"))
        assert (result["sample"], result["seed"]) == (3, "audit-2026")
        with ZipFile(tmp_path / name) as pack:
            drawn.append(pack.read("sample.csv"))

    assert drawn[0] == drawn[1]
    assert drawn[0].count(b"\n") == 4
    assert audit("verify", "--export", tmp_path / "one.zip").startswith("Intact")
    body = LogEntry.objects.filter(action="log.exported").latest("seq").body
    assert json.loads(bytes(body))["detail"]["seed"] == "audit-2026"


def test_export_of_a_sample_generates_and_prints_a_seed(db: None, tmp_path: Path) -> None:
    write_log(3)
    output = audit("export", "--sample", "1", "-o", tmp_path / "pack.zip")
    assert re.search(r"The seed of the sample is [0-9a-f]{12}\.", output)


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
def test_export_refuses_an_invalid_sample(
    db: None, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    assert refused("export", *arguments, "-o", tmp_path / "pack.zip")[1] == sentence
    assert list(tmp_path.iterdir()) == []


def test_export_of_a_query_as_csv(db: None, tmp_path: Path) -> None:
    write_log(5)
    file = tmp_path / "log.csv"

    result = json.loads(
        audit("export", "--format", "csv", "--query", "amara", "-o", file, "--json")
    )

    assert result == {"entries": 3, "file": str(file)}
    assert file.read_text("utf-8").count("Amara Okafor") == 6


def test_verify_of_a_partial_export(db: None, tmp_path: Path) -> None:
    write_log(5)
    file = tmp_path / "part.jsonl"
    audit("export", "--format", "jsonl", "--query", "amara", "-o", file)

    output = audit("verify", "--export", file)

    assert output.startswith("Intact: 3 entries, each of them proven to be in the log that Peter")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param(
            b"a,b\n", "Line 1 of the file is not a line of an export.", id="another kind of file"
        ),
        pytest.param(None, "No such file", id="no file"),
    ],
)
def test_verify_refuses_a_file_and_records_it(
    db: None, tmp_path: Path, written: bytes | None, expected: str
) -> None:
    file = tmp_path / "file"
    if written is not None:
        file.write_bytes(written)

    code, sentence = refused("verify", "--export", file)

    assert code == 1
    assert expected in sentence
    entry = json.loads(bytes(LogEntry.objects.latest("seq").body))
    assert (entry["action"], entry["result"]) == ("log.file_verified", "unreadable")
    assert entry["detail"]["verdict"] == sentence
