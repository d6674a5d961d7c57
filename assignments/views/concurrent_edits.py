"""One draft in several tabs: ticks of all of them are kept, and a tab that is behind is told."""

from typing import Any

from assignments.forms.assign import TermsForm
from assignments.queries import formatting
from assignments.views.request_context import Request

TERMS = tuple(TermsForm.base_fields)
CHANGED = (
    "This draft changed in another tab: it is now {due}, {status}, as shown here. Your people and "
    "items are kept. What you just chose here was not kept: choose it again if it still holds."
)


class OtherTabs:
    """What a draft's page knows of the state that its tab has seen."""

    draft: Any
    request: Request

    @property
    def seen(self) -> str:
        """The moment of the change that an answer shows."""
        return str(self.draft.changed_at.timestamp())

    @property
    def terms_seen(self) -> str:
        """The terms that an answer shows."""
        return terms_of(self.draft)

    @property
    def is_behind(self) -> bool:
        """Whether the tab that asks had not seen the last change before its own."""
        seen = self.request.POST.get("seen", "")
        return bool(seen) and seen != getattr(self.draft, "seen_before", seen)


def note_seen(draft: Any) -> Any:
    """Keep in the draft at which change it was before the request changes it."""
    draft.seen_before = str(draft.changed_at.timestamp())
    return draft


def overwritten(request: Request, draft: Any, form: TermsForm) -> str:
    """Return what to say if the form would overwrite terms that its tab has not seen."""
    seen, now = request.POST.get("terms_seen", ""), terms_of(draft)
    wanted = _joined(*(form.cleaned_data[name] for name in TERMS))
    if not seen or now in {seen, wanted}:
        return ""
    due = f"due {formatting.short_day(draft.due_date)}" if draft.due_date else "without a due date"
    return CHANGED.format(due=due, status=draft.get_status_display().lower())


def terms_of(draft: Any) -> str:
    """Return the draft's terms for comparing."""
    return _joined(*(getattr(draft, name) for name in TERMS))


def _joined(*terms: object) -> str:
    return "|".join("" if term is None else str(term) for term in terms)
