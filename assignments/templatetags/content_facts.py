"""What an item says of itself: its facts in one line, and its address if it is a safe one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from django import template
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language_info

from assignments.templatetags.desk import duration
from assignments.templatetags.phrases import counted, dotted

if TYPE_CHECKING:
    from assignments.models import Content

register = template.Library()
SAFE: Final = {"http", "https"}


@register.simple_tag
def content_facts(content: Content, holders: int | None = None) -> SafeString:
    """Return what an item is, in one line, and how many people have it, if that is known."""
    return dotted(
        capfirst(content.kind or "item"),
        duration(content.duration),
        language_names(content.languages),
        content.external_reference,
        "" if holders is None else f"{counted(holders, 'person has,people have')} it",
    )


@register.filter
def safe_link(url: str) -> str:
    """Return the address if it leads to a web page and names no account, or nothing."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    is_safe = parts.scheme in SAFE and parts.hostname and "@" not in parts.netloc
    return url if is_safe else ""


@register.filter
def language_names(codes: Iterable[object]) -> str:
    """Return the languages by their English names; a code that nobody knows stays as it is."""
    return ", ".join(_name(str(code)) for code in codes)


def _name(code: str) -> str:
    try:
        return str(get_language_info(code.replace("_", "-").lower())["name"])
    except KeyError:
        return code
