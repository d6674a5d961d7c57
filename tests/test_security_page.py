"""docs/security.md names existing tests and files, and every requirement once."""

import re

import pytest

from tests.sandbox_process import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()
# Number of requirements of levels 1 and 2 in each section of ASVS 5.0.0, where they come first.
# Sections without any are left out.
SECTIONS = {
    1: {1: 2, 2: 9, 3: 11, 4: 3, 5: 2},
    2: {1: 3, 2: 3, 3: 4, 4: 1},
    3: {2: 2, 3: 4, 4: 6, 5: 5, 7: 2},
    4: {1: 3, 2: 1, 3: 2, 4: 4},
    5: {1: 1, 2: 3, 3: 2, 4: 3},
    6: {1: 3, 2: 12, 3: 4, 4: 4, 5: 5, 6: 3, 8: 4},
    7: {1: 3, 2: 4, 3: 2, 4: 5, 5: 2, 6: 2},
    8: {1: 2, 2: 3, 3: 1, 4: 1},
    9: {1: 3, 2: 4},
    10: {1: 2, 2: 2, 3: 4, 4: 11, 5: 5, 6: 2, 7: 3},
    11: {1: 2, 2: 3, 3: 3, 4: 4, 5: 1, 6: 1},
    12: {1: 3, 2: 2, 3: 4},
    13: {1: 1, 2: 5, 3: 2, 4: 5},
    14: {1: 2, 2: 4, 3: 3},
    15: {1: 3, 2: 3, 3: 7},
    16: {1: 1, 2: 5, 3: 4, 4: 3, 5: 3},
    17: {1: 1, 2: 4, 3: 2},
}
ROWS = re.findall(r"^\| (\d+\.\d+)\.(\d+)(?:–(\d+))? \| ([a-z ]+) \| (.*) \|$", PAGE, re.MULTILINE)


def test_every_requirement_of_level_2_has_one_row():
    listed = [
        f"{section}.{number}"
        for section, first, last, *_ in ROWS
        for number in range(int(first), int(last or first) + 1)
    ]
    expected = [
        f"{chapter}.{section}.{number}"
        for chapter, sections in SECTIONS.items()
        for section, count in sections.items()
        for number in range(1, count + 1)
    ]

    assert len(expected) == 253
    assert listed == expected


def test_every_requirement_has_one_of_five_answers():
    assert {row[3] for row in ROWS} == {"yes", "in part", "no", "operator", "none"}


def test_unmet_requirements_have_a_reason():
    why = PAGE.partition("## Not met, and why")[2]
    explained = set(re.findall(r"^- \*\*([\d.–]+)\*\*", why, re.MULTILINE))

    unmet = {f"{s}.{a}" + (f"–{b}" if b else "") for s, a, b, met, _ in ROWS if met == "no"}
    assert explained == unmet


@pytest.mark.parametrize("test", sorted(set(re.findall(r"`(tests/\w+\.py::\w+)`", PAGE))))
def test_named_tests_exist(test):
    path, _, name = test.partition("::")

    assert re.search(rf"^\s*def {name}\(", (ROOT / path).read_text(), re.MULTILINE)


def test_named_files_exist():
    paths = re.findall(r"`((?:tests|dashboard|assignments|deploy|requirements)/[\w./]+)`", PAGE)
    paths += [f"docs/{link}" for link in re.findall(r"\]\(([\w./-]+\.md)", PAGE)]

    assert [path for path in paths if not (ROOT / path).exists()] == []
