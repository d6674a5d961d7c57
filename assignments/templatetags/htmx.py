"""Attributes by which htmx loads a part of a page instead of the whole page."""

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def poll(
    view: str, *args: object, is_live: object = True, part: str = "", **query: object
) -> SafeString | str:
    """Return attributes that fetch an element again from a view on each tick while `is_live`.

    :param part: selector of what to take from the response; by default the whole response
    """
    if not is_live:
        return ""
    return format_html(
        'hx-get="{}"{} hx-trigger="tick from:body" hx-swap="outerHTML"',
        reverse(view, args=args, query=query),
        format_html(' hx-select="{}"', part) if part else "",
    )


@register.simple_tag
def load_into(target: str, url: str, **more: str) -> SafeString | str:
    """Return attributes that load a URL into `target` only; without a target, nothing.

    :param more: other attributes of htmx, without their prefix
    """
    if not target:
        return ""
    attributes = {"get": url, "target": target, "swap": "outerHTML", "push-url": "true", **more}
    return format_html_join(" ", 'hx-{}="{}"', attributes.items())
