"""What an item says of itself: its languages in words, and its address if it is a safe one."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from django import template
from django.utils.translation import get_language_info

register = template.Library()
SAFE: Final = {"http", "https"}


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
