"""Buttons that do something to a batch, to one of its rows, or to rows that failed alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assignments.templatetags.desk import icon

if TYPE_CHECKING:
    from assignments.queries.failures import FailureReason

register = template.Library()
TEMPLATE: Final = "assignments/_action.html"


@register.inclusion_tag(TEMPLATE, takes_context=True)
def batch_action(
    context: Context, action: str, label: str, icon_name: str, style: str = ""
) -> dict[str, object]:
    """Show a button that does an action to the batch of the page."""
    return {
        "url": reverse("batch-action", args=[context["batch"].number, action]),
        "label": label,
        "icon": icon(icon_name),
        "style": style,
        "button_id": f"do-{action}",
    }


@register.inclusion_tag(TEMPLATE, takes_context=True)
def row_action(context: Context, action: str, label: str) -> dict[str, object]:
    """Show a button that does an action to a row of the batch."""
    row = context["row"]
    return {
        "url": reverse("row-action", args=[context["batch"].number, row.pk, action]),
        "label": _label(label, f" for {row.learner}"),
        "style": "sm",
    }


@register.inclusion_tag(TEMPLATE, takes_context=True)
def group_action(context: Context, action: str, label: str) -> dict[str, object]:
    """Show a button that does an action to all rows with the same problem.

    :param label: with `{}` for how many they are
    """
    reason: FailureReason = context["reason"]
    batch = context["batch"].number
    return {
        "url": reverse("batch-copy", args=[batch])
        if action == "copy"
        else reverse("batch-action", args=[batch, action]),
        "label": _label(label.format(f"{reason.count:,}"), f": {reason.problem}"),
        "group": reason,
        "style": "sm",
    }


def _label(label: str, about: str) -> SafeString:
    """Return a label whose second part is for screen readers only."""
    return format_html('{}<span class="sr-only">{}</span>', label, about)
