"""Template tags and filters of every page: icons, badges, bars, numbers and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dateparse import parse_duration
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

if TYPE_CHECKING:
    from assignments.models import Content

register = template.Library()

# Up to this long before a time, pages count down to it.
COUNT_DOWN: Final = timedelta(minutes=2)
LOGO_PATHS: Final = (
    "M4 3h16a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1Z",
    "m7.5 12.4 3 3 6-6.6",
)


@register.simple_tag
def icon(name: str, more: str = "") -> SafeString:
    """Return an icon of the sprite; `more` adds classes, such as "icon-large"."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>',
        more,
        static("assignments/icons.svg"),
        name,
    )


# The badge style and icon of an entry's result; other results have a plain badge.
RESULTS: Final = {
    ("ok", "circle-check"): (
        "created",
        "intact",
        "intact since a seal",
        "synced",
        "completed",
    ),
    ("bad", "circle-x"): (
        "rejected",
        "altered",
        "head mismatch",
        "wrong length",
        "shorter than sealed",
        "seal does not match",
        "seal not trusted",
        "refused",
    ),
    ("warn", "circle-help"): (
        "unknown",
        "confirmed",
        "not sealed",
        "unproven",
        "not proven",
        "paused",
        "not_read",
    ),
}
STYLES: Final = {result: style for style, results in RESULTS.items() for result in results}


@register.simple_tag
def result_badge(result: str) -> SafeString | str:
    """Return the result of an entry as a badge."""
    if not result:
        return ""
    words = "No answer yet" if result == "unknown" else capfirst(spaced(result))
    if result not in STYLES:
        return format_html('<span class="badge">{}</span>', words)
    style, name = STYLES[result]
    return format_html('<span class="badge {}">{}{}</span>', style, icon(name), words)


@register.simple_tag
def logo() -> SafeString:
    """Return the product's logo as SVG."""
    return format_html(
        '<svg viewBox="0 0 24 24" aria-hidden="true"><path fill="currentColor" d="{}"/>'
        '<path class="tick" d="{}"/></svg>',
        *LOGO_PATHS,
    )


@register.simple_tag
def stacked_bar(created: int, failed: int, skipped: int, total: int, more: str = "") -> SafeString:
    """Return a stacked bar of the outcomes of `total` rows, with the numbers as its label."""
    parts = [("ok", created, "created"), ("bad", failed, "failed"), ("skip", skipped, "skipped")]
    start, pieces = 0.0, []
    for style, count, _ in parts:
        width = 100 * count / total if total else 0
        pieces.append((style, f"{start:.2f}%", f"{width:.2f}%"))
        start += width
    rest = total - created - failed - skipped
    words = [f"{count:,} {word}" for _, count, word in parts if count]
    label = ", ".join([*words, f"{rest:,} waiting"] if rest or not words else words)
    rects = format_html_join("", '<rect class="fill-{}" x="{}" width="{}" height="14"/>', pieces)
    return format_html(
        '<svg class="bar {}" role="img" aria-label="{}" preserveAspectRatio="none">{}</svg>',
        more,
        label,
        rects,
    )


@register.filter
def batch_number(number: int) -> str:
    """Return a batch's number as people write it, such as B-0012."""
    return f"B-{number:04d}"


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """Return a time in the page's zone as a `<time>` element with its UTC value."""
    if moment is None:
        return "–"
    here, now = timezone.localtime(moment), timezone.localtime()
    words = f"{here:%H:%M:%S}" if here.date() == now.date() else f"{here.day} {here:%b %Y, %H:%M}"
    prefix = "today " if here.date() == now.date() else ""
    return format_html(
        '<time datetime="{}" title="{}">{}{}</time>',
        moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        f"{here:%A} {here.day} {here:%B %Y, %H:%M:%S %Z}",
        prefix,
        words,
    )


@register.filter
def clock(moment: datetime) -> SafeString:
    """Return the time of day in the page's zone as a `<time>` element with its UTC value."""
    machine = moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return format_html(
        '<time datetime="{}">{}</time>', machine, f"{timezone.localtime(moment):%H:%M:%S}"
    )


@register.filter
def is_far(moment: datetime) -> bool:
    """Return whether a time is too far ahead for a count-down."""
    return moment - timezone.localtime() > COUNT_DOWN


KINDS: Final = {
    "course": "book-open",
    "collection": "route",
    "video": "video",
    "quiz": "list-checks",
    "audio": "headphones",
    "article": "newspaper",
}


@register.simple_tag
def kind_icon(kind: str) -> SafeString:
    """Return the icon of a kind of content."""
    return icon(KINDS.get(kind, "file-text"), "icon-large")


@register.filter
def utc_wire(moment: datetime) -> str:
    """Return a time as it is sent to the LMS: ISO 8601 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@register.filter
def unassignable(content: Content) -> str:
    """Return why an item cannot be assigned, or nothing if it can."""
    if not content.is_active:
        return "it is retired in the LMS"
    return "" if content.external_reference else "it has no external reference in the LMS"


@register.filter
def lookup[Value](values: Mapping[object, Value], key: object) -> Value | int:
    """Return the value of a key, or 0."""
    return values.get(key, 0)


@register.filter
def item_at(cells: Sequence[str], place: int) -> str:
    """Return the cell at an index, or ""."""
    return cells[place] if place < len(cells) else ""


@register.filter
def duration(text: str) -> str:
    """Return an ISO 8601 duration such as PT1H30M in words; other text is unchanged."""
    parsed = parse_duration(text)
    if parsed is None:
        return text
    hours, minutes = divmod(round(parsed.total_seconds() / 60), 60)
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min")) if n) or text


@register.filter
def spaced(word: str) -> str:
    """Return a value of the log with spaces: signed_in is "signed in"."""
    return word.replace("_", " ")


@register.filter
def isolated(text: str) -> SafeString:
    """Return a text of others, whose length and direction change nothing around it."""
    return format_html('<bdi class="anywhere">{}</bdi>', text)
