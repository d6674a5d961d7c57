"""An exported file is verified by itself: what was done to it is found and named."""

import io
import json
from pathlib import Path

import pytest
from django.db import transaction

from assignments.audit.exported import NotAnExport, verify_export
from assignments.audit.exports import Format, export
from assignments.audit.search import Search
from assignments.audit.verdicts import Altered, HeadMismatch, How, Intact, Unproven, Verdict
from tests import tampering
from tests.log_fixtures import AT, write_log

SIZE = 11
Lines = list[str]


def exported(form: Format, search: Search = Search()) -> str:  # noqa: B008  it never changes
    out = io.BytesIO()
    export(search, form, out, now=AT)
    return out.getvalue().decode()


@pytest.fixture
def lines(db: None) -> Lines:
    """Return the lines of an export of a whole log."""
    write_log(SIZE)
    return exported("jsonl").splitlines()


def verdict(lines: Lines, folder: Path) -> Verdict:
    file = folder / "log.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return verify_export(file)


def edited(line: str, **values: object) -> str:
    return json.dumps({**json.loads(line), **values}, ensure_ascii=False)


def test_verify_export_of_the_whole_log(lines: Lines, tmp_path: Path) -> None:
    assert verdict(lines, tmp_path) == Intact(SIZE, json.loads(lines[-1])["root"])


def test_verify_export_of_an_empty_log(db: None, tmp_path: Path) -> None:
    found = verdict(exported("jsonl").splitlines(), tmp_path)

    assert isinstance(found, Intact)
    assert found.size == 0


def test_verify_export_of_a_part_proves_no_more_than_it_can(lines: Lines, tmp_path: Path) -> None:
    part = exported("jsonl", Search(text="elif")).splitlines()

    found = verdict(part, tmp_path)

    assert found == Unproven(4)
    assert found.sentence.startswith("Not proven: each of the 4 entries matches its own hash")
    swapped = [part[0], part[2], part[1], *part[3:]]
    assert verdict(swapped, tmp_path) == Altered(0, How.OUT_OF_ORDER)
    assert verdict([*part[:2], *part[3:]], tmp_path) == HeadMismatch(3, 4)
    assert verdict([*part[:2], edited(part[2], body="{}"), *part[3:]], tmp_path) == Altered(
        3, How.BODY
    )


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(
            lambda lines: [*lines[:5], lines[5].replace("GDPR", "GDPX"), *lines[6:]],
            Altered(4, How.BODY),
            id="an edited entry",
        ),
        pytest.param(
            lambda lines: [*lines[:5], *lines[6:]], Altered(4, How.MISSING), id="a missing entry"
        ),
        pytest.param(
            lambda lines: [*lines[:6], *lines[5:]],
            Altered(5, How.OUT_OF_ORDER),
            id="an entry twice",
        ),
        pytest.param(
            lambda lines: [*lines[:-2], lines[-1]],
            HeadMismatch(SIZE - 1, SIZE),
            id="the last entry missing",
        ),
        pytest.param(lambda lines: lines[:-1], HeadMismatch(SIZE, None), id="no last line"),
        pytest.param(
            lambda lines: [*lines[:-2], edited(lines[-1], entries=SIZE - 1)],
            HeadMismatch(SIZE - 1, SIZE),
            id="the last entry missing, the number made to fit",
        ),
    ],
)
def test_verify_export_finds(lines: Lines, tmp_path: Path, change, found: Verdict) -> None:
    assert verdict(change(lines), tmp_path) == found


def test_verify_export_finds_an_entry_whose_hash_was_made_to_fit(
    lines: Lines, tmp_path: Path
) -> None:
    with transaction.atomic():
        tampering.edit_body_and_leaf(9, SIZE)
        forged = exported("jsonl").splitlines()
    changed = [*lines[:10], forged[10], *lines[11:]]

    assert verdict(changed, tmp_path) == Altered(8, How.BODY, 9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda lines: ["a,b", *lines], "Line 1 of the file cannot", id="no JSON"),
        pytest.param(lambda lines: ["[]", *lines], "Line 1 of the file cannot", id="a list"),
        pytest.param(lambda lines: lines[1:], "no export of this log", id="no heading"),
        pytest.param(lambda lines: [], "Line 1 of the file cannot", id="empty"),
        pytest.param(
            lambda lines: [*lines[:3], lines[3][:50]], "Line 4 of the file cannot", id="cut off"
        ),
        pytest.param(
            lambda lines: [*lines[:3], '{"seq": 2}', *lines[4:]],
            "Line 4 of the file is not as it was written",
            id="half a line",
        ),
        pytest.param(
            lambda lines: [*lines[:-1], edited(lines[-1], root="00")],
            f"Line {SIZE + 2} of the file is not as it was written",
            id="roots that do not give the root",
        ),
    ],
)
def test_verify_export_refuses(lines: Lines, tmp_path: Path, change, said: str) -> None:
    with pytest.raises(NotAnExport, match=said):
        verdict(change(lines), tmp_path)


def test_verify_export_refuses_what_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_bytes(b"\xff\xfe")

    with pytest.raises(NotAnExport, match="not text in UTF-8"):
        verify_export(file)
