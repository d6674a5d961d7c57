"""Every action has its sentence."""

import re
from pathlib import Path

import pytest

from assignments.audit.entries.sentences import SENTENCES, action_words, counted, sentence

ROOT = Path(__file__).resolve().parent.parent
THINGS = {action.partition(".")[0] for action in SENTENCES}


def recorded() -> set[str]:
    """Return every action that the code names."""
    named = re.compile(rf'"((?:{"|".join(THINGS)})\.[a-z_]+)"')
    files = [*ROOT.glob("assignments/**/*.py"), *ROOT.glob("dashboard/**/*.py")]
    told = [file.read_text() for file in files if file.name != "sentences.py"]
    return {action for text in told for action in named.findall(text)}


def told(action: str, subject: str = "", **detail: object) -> str:
    entry = {"action": action, "subject": subject, "batch": "batch/417", "detail": detail}
    return sentence(entry, "Elif Kaya")


def test_every_action_that_is_recorded_has_a_sentence() -> None:
    assert "batch.submitted" in recorded()
    assert recorded() - set(SENTENCES) == set()


@pytest.mark.parametrize("action", sorted(SENTENCES))
def test_sentence_is_whole_whatever_the_detail_lacks(action: str) -> None:
    assert "{" not in told(action)
    assert told(action).strip() == told(action) != ""


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(
            told("assignment.created", content={"title": "GDPR {2027}", "reference": "C-1"}),
            "assigned GDPR {2027} to Elif Kaya",
            id="a title",
        ),
        pytest.param(
            told("assignment.rejected", content={"title": "", "reference": "C-1"}),
            "tried to assign C-1 to Elif Kaya",
            id="a reference for want of a title",
        ),
        pytest.param(
            told("batch.submitted", people=3, items=1),
            "submitted batch B-0417: 3 people, 1 item",
            id="a batch",
        ),
        pytest.param(
            told("sync.completed", learners=5_000, contents=300, assignments=1),
            "synced the directory: 5,000 people, 300 items and 1 assignment",
            id="a sync",
        ),
        pytest.param(told("entry.read", subject="entry/20377"), "read entry #20377", id="an entry"),
        pytest.param(
            told("log.exported", entries=1), "exported 1 entry of the audit log", id="an export"
        ),
        pytest.param(told("draft.lost"), "Draft lost", id="an action that is no more"),
    ],
)
def test_sentence(said: str, expected: str) -> None:
    assert said == expected


def test_action_words_and_counts() -> None:
    assert action_words("assignment.looked_up") == "Assignment looked up"
    assert [counted(n, "person", "people") for n in (0, 1, 3412, None)] == [
        "0 people",
        "1 person",
        "3,412 people",
        "people",
    ]
