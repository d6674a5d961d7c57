"""Form for the menus of the audit page, which add terms to the search query."""

from datetime import date
from typing import Final

from django import forms

from assignments.audit.entries.sentences import SENTENCES, action_words
from assignments.audit.search.date_ranges import named_periods
from assignments.audit.search.parser import QuerySyntaxError, parse
from assignments.audit.search.query import Query, Term
from assignments.queries import log

MENUS: Final = ("by", "action", "when")


def action_choices() -> list[tuple[str, str]]:
    """Return every action with its readable name, sorted by name."""
    return sorted(((action, action_words(action)) for action in SENTENCES), key=lambda a: a[1])


class QueryMenusForm(forms.Form):
    """Menus whose choices are added to the query as terms; all are optional."""

    by = forms.ChoiceField(required=False)
    action = forms.ChoiceField(required=False)
    when = forms.ChoiceField(required=False)

    def __init__(self, *args: object, today: date, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they come
        periods = [(word, word.replace("-", " ").capitalize()) for word in named_periods(today)]
        past = [(period, label) for period, label in periods if "next" not in period]
        menus = {
            "by": [("", "Done by anyone"), *log.actors()],
            "action": [("", "Any action"), *action_choices()],
            "when": [("", "At any time"), *past],
        }
        self._today = today
        for name, choices in menus.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def add_to_query(self, text: str) -> str:
        """Return the query with the chosen terms, which replace other terms of the same field."""
        self.is_valid()
        chosen = {name: value for name, value in self.cleaned_data.items() if value}
        new = [Term(field=name, value=value, parsed_value=value) for name, value in chosen.items()]
        try:
            query = parse(text, today=self._today)
        except QuerySyntaxError:
            return " ".join([text, *map(str, new)])
        kept = (term for term in query.terms if term.is_negated or term.field not in chosen)
        return str(Query((*kept, *new)))
