"""One draft open in several tabs: detect a tab that shows an outdated state of the draft.

Ticks of all tabs are kept. Terms (due date, status and others) are not overwritten by a tab that
has not seen their last change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assignments.forms.assign import TermsForm
from assignments.queries import formatting
from assignments.views.request_context import Request

if TYPE_CHECKING:
    from assignments.models import Draft

TERMS = tuple(TermsForm.base_fields)
CHANGED = (
    "This draft changed in another tab: it is now {due}, {status}, as shown here. Your people and "
    "items are kept. What you just chose here was not kept: choose it again if you still want it."
)


class OtherTabs:
    """The part of a draft's page that tells a tab which state of the draft it shows."""

    draft: Draft
    request: Request

    @property
    def seen(self) -> str:
        """The version of the draft that this response shows: the time of its last change."""
        return _version(self.draft)

    @property
    def terms_seen(self) -> str:
        """The terms that this response shows."""
        return terms_of(self.draft)

    @property
    def is_behind(self) -> bool:
        """Whether the tab that sent this request had not seen the last change before its own."""
        seen = self.request.POST.get("seen", "")
        return bool(seen) and seen != getattr(self.request, "draft_version", seen)


def note_version(request: Request, draft: Draft) -> None:
    """Keep on the request which version the draft has before the request changes it."""
    request.draft_version = _version(draft)


def refuse_overwriting(request: Request, draft: Draft, form: TermsForm) -> str:
    """Return the message if the form would overwrite terms that its tab has not seen, or ""."""
    seen, current = request.POST.get("terms_seen", ""), terms_of(draft)
    submitted = _joined(*(form.cleaned_data[name] for name in TERMS))
    if not seen or current in {seen, submitted}:
        return ""
    due = f"due {formatting.short_day(draft.due_date)}" if draft.due_date else "without a due date"
    return CHANGED.format(due=due, status=draft.get_status_display().lower())


def terms_of(draft: Draft) -> str:
    """Return the draft's terms as one string, for comparison."""
    return _joined(*(getattr(draft, name) for name in TERMS))


def _version(draft: Draft) -> str:
    return str(draft.changed_at.timestamp())


def _joined(*terms: object) -> str:
    return "|".join("" if term is None else str(term) for term in terms)
