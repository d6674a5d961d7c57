"""Charts as server-rendered SVG: sizes in attributes, colours by class, no script."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Protocol

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

LEFT, RIGHT, TOP, BOTTOM = 34, 436, 30, 150
GAP: Final = 2.5
# A run that has just begun has few bars; they keep the width of a longer run's.
WIDEST_BAR: Final = 24.0
LINE: Final = '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>'
TEXT: Final = '<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>'
RECT: Final = '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>'


class Column(Protocol):
    """How many calls ended in ten seconds."""

    @property
    def starts_at(self) -> datetime:
        """When the ten seconds began."""

    @property
    def created(self) -> int:
        """How many made an assignment."""

    @property
    def calls(self) -> int:
        """How many there were in all."""


@register.simple_tag
def call_bars(columns: Sequence[Column], limit: int, words: str) -> SafeString:
    """Return the calls of each ten seconds as bars under the line of the limit.

    :param words: the same in one sentence
    """
    most = max([limit, *(column.calls for column in columns)])
    limit_at = _y(limit, most)
    return format_html(
        '<svg class="chart" viewBox="0 0 440 180" role="img" aria-labelledby="h-c chart-words">'
        '<desc id="chart-words">{}</desc>{}{}{}{}{}{}</svg>',
        words,
        format_html(LINE, "grid", LEFT, RIGHT, BOTTOM, BOTTOM),
        format_html(TEXT, "", LEFT - 6, BOTTOM + 4, "end", "0"),
        format_html_join("", RECT, _bars(columns, most)),
        format_html(LINE, "limit", LEFT, RIGHT, limit_at, limit_at),
        format_html(TEXT, "limit-label", RIGHT, limit_at - 6, "end", f"limit {limit:,}"),
        format_html_join("", TEXT, _minutes(columns)),
    )


def _bars(columns: Sequence[Column], most: int) -> Iterable[tuple[str, str, float, str, str]]:
    step = _step(columns)
    width = f"{step - GAP:.1f}"
    for number, column in enumerate(columns):
        x, made, top = f"{LEFT + number * step:.1f}", _y(column.created, most), column.calls
        yield ("fill-ok", x, made, width, f"{BOTTOM - made:.1f}")
        if column.calls > column.created:
            yield ("fill-bad", x, _y(top, most), width, f"{made - _y(top, most):.1f}")


def _minutes(columns: Sequence[Column]) -> Iterable[tuple[str, str, int, str, str]]:
    step = _step(columns)
    for number, column in enumerate(columns):
        if column.starts_at.second == 0:
            here = timezone.localtime(column.starts_at)
            yield ("", f"{LEFT + number * step:.1f}", BOTTOM + 20, "start", f"{here:%H:%M}")


def _step(columns: Sequence[Column]) -> float:
    return min((RIGHT - LEFT) / len(columns), WIDEST_BAR)


def _y(calls: int, most: int) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * calls / most, 1)
