"""Every recorded action has a readable sentence."""

import re

import pytest

from assignments.audit.entries.sentences import SENTENCES, action_words, counted, sentence
from tests.recorded_actions import RecordedActions, Untraceable, product_sources

# A line that makes an event, and everything else that its module needs, by how it gets the action.
EVENT = "from assignments.audit.log import Event\n"
HELPER = f"{EVENT}def record_loss(subject, action='draft.lost'): return Event(action=action)\n"
WAYS = {
    "a text": f"{EVENT}Event(subject='', action='draft.lost')",
    "an imported module": "from assignments.audit import log\nlog.Event(action='draft.lost')",
    "an import in a function": f"def lose():\n    {EVENT}    Event(action='draft.lost')",
    "a condition": f"{EVENT}Event(action='draft.lost' if is_lost else 'batch.held')",
    "a variable": f"{EVENT}def lose():\n    word = 'draft.lost'\n    Event(action=word)",
    "a constant": f"{EVENT}LOST: Final = 'draft.lost'\nEvent(action=LOST)",
    "a constant of another module": f"{EVENT}from other import LOST\nEvent(action=LOST)",
    "a constant that replaces an imported one": f"{EVENT}from other import HELD\n"
    "HELD = 'draft.lost'\nEvent(action=HELD)",
    "another module": f"{EVENT}import other\nEvent(action=other.LOST)",
    "a mapping": f"{EVENT}WORDS = {{1: 'draft.lost', 2: 'batch.held'}}\nEvent(action=WORDS[1])",
    "a loop": f"{EVENT}for word in ('draft.lost', 'batch.held'):\n    Event(action=word)",
    "a parameter": f"{HELPER}record_loss('', 'draft.lost')",
    "a parameter by its name": f"{HELPER}record_loss('', action='draft.lost')",
    "a default": f"{HELPER}record_loss('')",
    "a parameter of a parameter": f"{HELPER}def lose(word): record_loss('', word)\n"
    "lose('draft.lost')",
    "a partial": f"{HELPER}from functools import partial\npartial(record_loss, '', 'draft.lost')",
    "a method": f"{EVENT}class Draft(Model):\n"
    "    def lose(self, word): Event(action=word)\ndraft.lose('draft.lost')",
    "an event of another": "from dataclasses import replace\nreplace(event, action='draft.lost')",
}
UNTRACEABLE = {
    "an f-string": f"{EVENT}Event(action=f'draft.{{word}}')",
    "a call": f"{EVENT}Event(action='draft.{{}}'.format(word))",
    "an attribute": f"{EVENT}def lose(event): Event(action=event.word)",
    "an unpacked mapping": f"{EVENT}Event(**fields)",
    "an unpacked list": f"{HELPER}record_loss(*words)",
    "a function that is passed on": f"{HELPER}record_loss('')\ncall_later(record_loss, word)",
    "a function that is never called": HELPER,
    "a lambda": f"{EVENT}lose = lambda word: Event(action=word)",
}


def sentence_of(action: str, subject: str = "", **detail: object) -> str:
    """Return the sentence of an entry about Elif Kaya and batch 417."""
    entry = {"action": action, "subject": subject, "batch": "batch/417", "detail": detail}
    return sentence(entry, "Elif Kaya")


def test_every_action_that_is_recorded_has_a_sentence() -> None:
    sources = product_sources()

    assert RecordedActions(sources).find() == set(SENTENCES)
    # Nothing but `audit.log` adds entries.
    writes = re.compile(r"(?<!class )\bLogEntry(\(|\.objects\.(\w*create\w*)\()|insert\(LogEntry\b")
    assert [module for module in sources if writes.search(sources[module])] == [
        "assignments.audit.log"
    ]


@pytest.mark.parametrize("way", WAYS)
def test_an_action_is_seen_however_it_is_recorded(way: str) -> None:
    sources = {"module": WAYS[way], "other": "LOST = 'draft.lost'\nHELD = 'batch.held'"}

    assert RecordedActions(sources).find() - {"batch.held"} == {"draft.lost"}


@pytest.mark.parametrize("way", UNTRACEABLE)
def test_an_action_that_cannot_be_seen_is_refused(way: str) -> None:
    with pytest.raises(Untraceable):
        RecordedActions({"module": UNTRACEABLE[way]}).find()


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
    assert action_words("assignments.looked_up") == "Assignments looked up"
    assert [counted(n, "person", "people") for n in (0, 1, 3412, None)] == [
        "0 people",
        "1 person",
        "3,412 people",
        "people",
    ]
