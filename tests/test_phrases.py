"""Phrases of pages whose words depend on several values."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from assignments.models import Batch, Content
from assignments.queries.draft_summary import Summary
from assignments.templatetags import phrases
from assignments.templatetags.actions import group_action
from assignments.templatetags.content_facts import content_facts
from assignments.templatetags.desk import isolated
from assignments.templatetags.htmx import load_into, poll

HOSTILE = "<b>"
TEMPLATES = settings.BASE_DIR / "templates/assignments"
# What is written into the page for eyes: hidden text has no width.
LMS_WORDS = re.compile(r"(?<!“){{ [\w.]+\.(?:problem|remark|pause_reason)(\S*) }}")


def make_summary(**fields):
    """Return the summary of a draft; by default of an empty one."""
    counts = dict.fromkeys(("people", "items", "named", "rows", "already"), 0) | fields
    titles = [f"Course {number}" for number in range(1, counts["items"] + 1)]
    return Summary(titles=titles, takes="", **counts)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 people"), (1, "1 person"), (3412, "3,412 people")]
)
def test_counted(number, text):
    assert phrases.counted(number, "person,people") == text


def test_dotted_leaves_out_what_is_empty_and_escapes():
    assert phrases.dotted("Video", "", None, HOSTILE) == "Video · &lt;b&gt;"


@pytest.mark.parametrize(
    ("names", "text"),
    [([], ""), (["Ada"], "Ada"), (["Ada", "Ben"], "Ada or Ben"), ("ABC", "A, B or C")],
)
def test_listed(names, text):
    assert phrases.listed(names, "or") == text


def test_marked_escapes_and_marks():
    pieces = [("Fire", True), (HOSTILE, False)]

    assert phrases.marked(pieces) == "<mark>Fire</mark>&lt;b&gt;"


@pytest.mark.parametrize(("progress", "text"), [(None, "In progress"), (40, "In progress, 40 %")])
def test_status_words(progress, text):
    assert phrases.status_words(Batch(status="in_progress", progress=progress)) == text


@pytest.mark.parametrize(
    ("items", "named", "people", "text"),
    [
        pytest.param(1, 0, 0, "Fire Safety", id="one item"),
        pytest.param(3, 0, 1, "Fire Safety and 2 more for 1 person", id="several items"),
        pytest.param(0, 5, 2, "Rows of a list for 2 people", id="file"),
        pytest.param(0, 0, 2, "No content yet for 2 people", id="people"),
        pytest.param(0, 0, 0, "Empty draft", id="empty"),
    ],
)
def test_draft_title(items, named, people, text):
    draft = SimpleNamespace(items=items, named=named, people=people, first_title="Fire Safety")

    assert phrases.draft_title(draft) == text


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        pytest.param({}, "<b>nothing yet</b> to <b>nobody yet</b>", id="empty"),
        pytest.param(
            {"people": 1, "items": 1}, "<b>Course 1</b> to <b>1 person</b>", id="one of each"
        ),
        pytest.param(
            {"people": 2, "items": 2, "named": 3},
            "<b>2 items</b> to <b>2 people</b>, and <b>3 rows of your file</b>",
            id="lists and file",
        ),
        pytest.param({"items": 1, "named": 1}, "<b>1 row of your file</b>", id="file"),
    ],
)
def test_draft_sentence(counts, text):
    sentence = phrases.draft_sentence(make_summary(**counts), "", "Pending")

    assert sentence == f"Assign {text}, with <b>no due date</b>, as <b>pending</b>."


def test_draft_sentence_names_the_due_date():
    assert ", due <b>5 May 2027</b>, as" in phrases.draft_sentence(
        make_summary(), "5 May 2027", "Pending"
    )


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({}, "0 people"),
        ({"named": 1}, "1 row of a file"),
        ({"people": 2, "named": 3}, "2 people + 3 rows of a file"),
    ],
)
def test_selected_in_words(counts, text):
    assert phrases.selected_in_words(make_summary(**counts)) == text


def test_no_results_names_every_limit():
    assert phrases.no_results("") == "No results."
    assert (
        phrases.no_results("ada", is_filtered=True, is_of_selected=True)
        == "No results for “ada” with these filters among the selected."
    )


@pytest.mark.parametrize(
    ("open_count", "attention_count", "text"),
    [
        (0, 0, "Nothing needs your attention."),
        (1, 0, "1 batch runs or waits."),
        (3, 1, "3 batches run or wait, 1 needs a decision."),
    ],
)
def test_workload(open_count, attention_count, text):
    assert phrases.workload(open_count, attention_count) == text


def test_content_facts_in_one_line():
    content = Content(kind="", duration="PT90M", languages=["en"], external_reference="C-1")

    assert content_facts(content, 1) == "Item · 1 h 30 min · English · C-1 · 1 person has it"
    assert content_facts(content).endswith("C-1")


def test_poll_asks_the_view_with_a_query_while_it_is_live():
    assert poll("home", is_live=False) == ""
    assert poll("batch-progress", 7, part="#list", q="a&b") == (
        'hx-get="/batches/7/progress?q=a%26b" hx-select="#list" '
        'hx-trigger="tick from:body" hx-swap="outerHTML"'
    )


def test_load_into_needs_a_target():
    assert load_into("", "?page=2") == ""
    assert load_into("#people", "?page=2", include="none") == (
        'hx-get="?page=2" hx-target="#people" hx-swap="outerHTML" hx-push-url="true" '
        'hx-include="none"'
    )


@pytest.mark.parametrize(
    ("action", "url"), [("copy", "/batches/7/copy"), ("leave", "/batches/7/leave")]
)
def test_group_action_posts_to_the_view_of_its_action(action, url):
    context: Any = {
        "batch": SimpleNamespace(number=7),
        "reason": SimpleNamespace(count=1200, problem=HOSTILE, status=409),
    }

    button = group_action(context, action, "Do {} of them")

    assert button["url"] == url
    assert button["label"] == 'Do 1,200 of them<span class="sr-only">: &lt;b&gt;</span>'


def test_text_of_others_is_isolated():
    """It is escaped, and neither its direction nor an endless word reaches what is around it."""
    assert isolated(HOSTILE) == '<bdi class="anywhere">&lt;b&gt;</bdi>'


@pytest.mark.parametrize(
    "template", ["batch/failures", "batch/rows", "batch/progress", "settings", "sync_state"]
)
def test_words_of_the_lms_are_isolated(template):
    text = (TEMPLATES / f"{template}.html").read_text()

    shown = set(LMS_WORDS.findall(text))
    assert shown
    assert shown == {"|isolated"}


def test_selection():
    assert phrases.selection(1200, 3, None) == (
        '<b class="num">1,200 selected</b><span class="muted"> · 3 match</span>'
    )
    assert ", 2 of them in this filter · 1 matches" in phrases.selection(3, 1, 2)


@pytest.mark.parametrize(
    ("state", "title"), [("running", "50% Fire Safety"), ("done", "Fire Safety")]
)
def test_page_title_shows_progress_while_it_runs(state, title):
    batch: Any = SimpleNamespace(state=state, title="Fire Safety")

    assert phrases.page_title(batch, 50) == title
