"""Phrases whose words depend on several values, so that templates need not choose between them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import template
from django.template.defaultfilters import date, pluralize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime

if TYPE_CHECKING:
    from assignments.audit.entries.readable import Party, ReadableEntry
    from assignments.models import Approval, Assignment, Batch, Learner, RemoteAssignment
    from assignments.queries.draft_summary import Summary
    from assignments.queries.keyset import KeysetPage

register = template.Library()


@register.filter
def counted(number: int, words: str) -> str:
    """Return a number with its noun: `3412|counted:"person,people"` is "3,412 people"."""
    return f"{number:,} {pluralize(number, words)}"


@register.simple_tag
def dotted(*parts: object) -> SafeString:
    """Return the parts that are not empty, with dots between them."""
    return format_html_join(" · ", "{}", ((part,) for part in parts if part))


@register.filter
def listed(names: Iterable[object], conjunction: str) -> str:
    """Return names as in a sentence: "Ada, Ben or Cid"."""
    *first, last = [str(name) for name in names] or [""]
    return f"{', '.join(first)} {conjunction} {last}" if first else last


@register.filter
def name_and_address(learner: Learner) -> str:
    """Return what tells a person from others: the name, and the e-mail or employee ID."""
    return f"{learner}, {learner.email or learner.external_reference}"


@register.filter
def marked(pieces: Iterable[tuple[str, bool]]) -> SafeString:
    """Return the pieces of a text; those that match a search are marked."""
    return format_html_join(
        "", "{}", ((format_html("<mark>{}</mark>", text) if hit else text,) for text, hit in pieces)
    )


@register.filter
def arrow(order: str) -> str:
    """Return the arrow of an ascending or descending order."""
    return {"ascending": "↑", "descending": "↓"}.get(order, "")


@register.filter
def status_words(batch: Batch) -> str:
    """Return the status that a batch assigns, with its progress if it has one."""
    progress = "" if batch.progress is None else f", {batch.progress_number} %"
    return f"{batch.get_status_display()}{progress}"


@register.filter
def more_terms(batch: Batch) -> list[tuple[str, str]]:
    """Return label and text of the terms that a batch has beside due date, status and reason."""
    values = {
        "assigned_at": f"{batch.assigned_at:%Y-%m-%d %H:%M} UTC" if batch.assigned_at else "",
        "external_reference": batch.external_reference,
        "source_status": batch.source_status,
        "passthrough": batch.passthrough,
    }
    terms = [(batch.label_of(name), text) for name, text in values.items() if text]
    of_items = json.loads(batch.item_terms) if batch.item_terms else {}
    return [
        *terms,
        *((f"Defaults of {item}", batch.in_words(own)) for item, own in of_items.items()),
    ]


@register.filter
def own_terms_words(row: Assignment) -> str:
    """Return the terms that a row of a file has in place of its batch's."""
    return row.batch.in_words(json.loads(row.own_terms)["terms"]) if row.own_terms else ""


@register.filter
def draft_title(draft: Any) -> str:
    """Return what a draft is about: its content, and for how many people it is.

    :param draft: with the counts that `queries.drafts` adds
    """
    title = _content_of(draft)
    return f"{title} for {counted(draft.people, 'person,people')}" if draft.people else title


def _content_of(draft: Any) -> str:
    if draft.items:
        others = f" and {draft.items - 1} more" if draft.items > 1 else ""
        return f"{draft.first_title}{others}"
    if draft.named:
        return "Rows of a list"
    return "No content yet" if draft.people else "Empty draft"


@register.simple_tag
def draft_sentence(summary: Summary, due: str, status: str) -> SafeString:
    """Return what a draft will do, in one sentence."""
    due_words = format_html("due <b>{}</b>", due) if due else mark_safe("with <b>no due date</b>")
    return format_html(
        "Assign {}, {}, as <b>{}</b>.", _rows_in_words(summary), due_words, status.lower()
    )


def _rows_in_words(summary: Summary) -> SafeString:
    """Return what is assigned to whom, by the lists and by the uploaded file."""
    file_rows = format_html("<b>{} of your file</b>", counted(summary.named, "row,rows"))
    if summary.named and not summary.rows_of_lists:
        return file_rows
    items = {0: "nothing yet", 1: "".join(summary.titles[:1])}
    lists = format_html(
        "<b>{}</b> to <b>{}</b>",
        items.get(summary.items, f"{summary.items} items"),
        counted(summary.people, "person,people") if summary.people else "nobody yet",
    )
    return format_html("{}, and {}", lists, file_rows) if summary.named else lists


@register.filter
def selected_in_words(summary: Summary) -> str:
    """Return how many people of the lists, and rows of a file, a draft is about."""
    rows = f"{counted(summary.named, 'row,rows')} of a file" if summary.named else ""
    people = counted(summary.people, "person,people") if summary.people or not rows else ""
    return " + ".join(filter(None, [people, rows]))


@register.simple_tag
def no_results(words: str, *, is_filtered: object = False, is_of_selected: object = False) -> str:
    """Return that a search has no results, and what limited it."""
    query = f" for “{words}”" if words else ""
    filters = " with these filters" if is_filtered else ""
    selected = " among the selected" if is_of_selected else ""
    return f"No results{query}{filters}{selected}."


@register.simple_tag
def selection(people: int, matches: int, picked: int | None) -> SafeString:
    """Return how many people are selected, how many match the filter, and how many do both."""
    return format_html(
        '<b class="num">{} selected</b><span class="muted">{} · {}</span>',
        f"{people:,}",
        "" if picked is None else f", {picked:,} of them in this filter",
        counted(matches, "matches,match"),
    )


@register.filter
def page_title(batch: Batch, percent: int) -> str:
    """Return the title of a batch's page, which shows the progress in the browser's tab."""
    return f"{percent}% {batch.title}" if batch.state == "running" else batch.title


@register.simple_tag
def workload(open_count: int, attention_count: int) -> str:
    """Return how many batches are open, and how many of them need a decision."""
    if not open_count:
        return "Nothing needs your attention."
    batches = counted(open_count, "batch runs or waits,batches run or wait")
    decisions = counted(attention_count, "needs a decision,need a decision")
    return f"{batches}, {decisions}." if attention_count else f"{batches}."


@register.filter
def all_of_them(items: int) -> str:
    """Return a draft's items as the object of a sentence."""
    return "it" if items == 1 else f"all {items} items"


@register.filter
def decision_words(approval: Approval) -> str:
    """Return the decision about a batch, by whom it was made and why."""
    by = f" by {approval.decided_by_name}" if approval.decided_by_name else ""
    reason = f": “{approval.reason}”" if approval.reason else ""
    return f"{approval.get_decision_display()}{by}{reason}"


@register.filter
def confirmation(row: Assignment) -> SafeString:
    """Return as what and when the LMS confirmed a row."""
    record = format_html(" as record <code>{}</code>", row.remote_id) if row.remote_id else ""
    settled = date(localtime(row.settled_at), "j F Y, H:i T") if row.settled_at else ""
    return format_html("{}{}", record, f" on {settled}" if settled else "")


@register.filter
def origin(entry: ReadableEntry) -> str:
    """Return by which means an entry's actor acted, from where, and in which session."""
    actor = entry.body["actor"]
    means = {"page": "a page", "worker": "the worker"}.get(actor["means"], "a command")
    address = f", from {entry.actor.ip}" if entry.actor.ip else ""
    session = f", session {actor['session']}" if actor.get("session") else ""
    return f"Through {means}{address}{session}"


@register.filter
def identified(person: Party) -> str:
    """Return a person of the log in plain text: name, e-mail, employee ID and reference."""
    email = f" <{person.email}>" if person.email else ""
    reference = f", {person.reference}" if person.reference else ""
    return f"{person}{email}{reference} ({person.ref})"


@register.filter
def full_sentence(entry: ReadableEntry) -> str:
    """Return who did what, and why if they said so."""
    reason = entry.body["detail"].get("reason")
    return f"{entry.actor} {entry.sentence}" + (f": “{reason}”" if reason else "")


@register.filter
def entry_line(entry: ReadableEntry) -> str:
    """Return an entry in plain text: its number, time in UTC, and sentence."""
    return f"#{entry.seq}  {entry.at:%Y-%m-%d %H:%M:%S} UTC  {full_sentence(entry)}"


@register.filter
def row_line(row: Assignment) -> str:
    """Return when a row is due and what became of it, in plain text."""
    due = date(row.due_date, "Y-m-d") if row.due_date else "no date"
    record = f" · LMS record: {row.remote_id}" if row.remote_id else ""
    return f"Due: {due} · Now: {row.get_state_display()}{record}"


@register.filter
def record_line(record: RemoteAssignment) -> str:
    """Return our copy of a record of the LMS in plain text."""
    due = date(localtime(record.due_at), "Y-m-d") if record.due_at else "no date"
    seen = date(localtime(record.first_seen_at), "Y-m-d H:i:s T")
    return f"{record.remote_id}: {record.status or 'no status'}, due {due}, first seen {seen}"


@register.filter
def range_of_rows(sheet: KeysetPage[Any]) -> str:
    """Return which rows of a list a page shows."""
    return f"{sheet.first:,}–{sheet.last:,} of {sheet.total:,}"
