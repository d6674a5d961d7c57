"""Every recorded action has a readable sentence."""

import re
from pathlib import Path

import pytest

from assignments.audit.entries.sentences import SENTENCES, action_words, counted, sentence

ROOT = Path(__file__).resolve().parent.parent
THINGS = {action.partition(".")[0] for action in SENTENCES}
# They list actions and record none.
LISTS = ("sentences.py", "ecs.py")
# Attribute paths that look like actions.
ATTRIBUTES = {"account.remote_id"}


def recorded_actions() -> set[str]:
    """Return every action that the code records."""
    pattern = re.compile(rf'"((?:{"|".join(THINGS)})\.[a-z_]+)"')
    files = [*ROOT.glob("assignments/**/*.py"), *ROOT.glob("dashboard/**/*.py")]
    texts = [file.read_text() for file in files if file.name not in LISTS]
    return {action for text in texts for action in pattern.findall(text)} - ATTRIBUTES


def sentence_of(action: str, subject: str = "", **detail: object) -> str:
    """Return the sentence of an entry about Elif Kaya and batch 417."""
    entry = {"action": action, "subject": subject, "batch": "batch/417", "detail": detail}
    return sentence(entry, "Elif Kaya")


def test_the_recorded_actions_are_those_with_a_sentence() -> None:
    assert recorded_actions() == set(SENTENCES)


@pytest.mark.parametrize("action", sorted(SENTENCES))
def test_sentence_is_complete_when_details_are_missing(action: str) -> None:
    assert "{" not in sentence_of(action)
    assert sentence_of(action).strip() == sentence_of(action) != ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            sentence_of("assignment.created", content={"title": "GDPR {2027}", "reference": "C-1"}),
            "assigned GDPR {2027} to Elif Kaya",
            id="a title",
        ),
        pytest.param(
            sentence_of("assignment.rejected", content={"title": "", "reference": "C-1"}),
            "tried to assign C-1 to Elif Kaya, which the LMS rejected",
            id="the reference if there is no title",
        ),
        pytest.param(
            sentence_of("batch.submitted", people=3, items=1),
            "submitted batch B-0417: 3 people, 1 item",
            id="a batch",
        ),
        pytest.param(
            sentence_of("sync.completed", learners=5_000, contents=300, assignments=1),
            "completed a sync with the LMS: 5,000 people, 300 items and 1 assignment",
            id="a sync",
        ),
        pytest.param(
            sentence_of("audience.renamed", name="Sales EU", previous_name="Sales"),
            "renamed the audience “Sales” to “Sales EU”",
            id="an audience",
        ),
        pytest.param(
            sentence_of("log.forwarding_restarted", first_entry=310),
            "restarted forwarding the audit log to the SIEM at entry #310",
            id="the SIEM",
        ),
        pytest.param(
            sentence_of("entry.read", subject="entry/20377"), "read entry #20377", id="an entry"
        ),
        pytest.param(
            sentence_of("log.exported", entries=1),
            "exported 1 entry of the audit log",
            id="an export",
        ),
        pytest.param(sentence_of("draft.lost"), "Draft lost", id="an unknown action"),
    ],
)
def test_sentence(text: str, expected: str) -> None:
    assert text == expected


def test_action_words_and_counts() -> None:
    assert action_words("assignment.looked_up") == "Assignment looked up"
    assert [counted(n, "person", "people") for n in (0, 1, 3412, None)] == [
        "0 people",
        "1 person",
        "3,412 people",
        "people",
    ]
