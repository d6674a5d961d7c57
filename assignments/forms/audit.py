"""What an auditor asks of the log: one line of text, and menus that add to it."""

from datetime import date
from typing import Final

from django import forms

from assignments.audit.entries.sentences import SENTENCES, action_words
from assignments.audit.search.date_ranges import named_periods
from assignments.audit.search.parser import QuerySyntaxError, parse
from assignments.audit.search.query import Query, Term
from assignments.queries import log

MENUS: Final = ("by", "action", "when")


def actions() -> list[tuple[str, str]]:
    """Return every action with its words, in the order of the words."""
    return sorted(((action, action_words(action)) for action in SENTENCES), key=lambda a: a[1])


class MenusForm(forms.Form):
    """Menus whose choice joins the query as a term; each may be left alone."""

    by = forms.ChoiceField(required=False)
    action = forms.ChoiceField(required=False)
    when = forms.ChoiceField(required=False)

    def __init__(self, *args: object, today: date, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they come
        periods = [(word, word.replace("-", " ").capitalize()) for word in named_periods(today)]
        offered = {
            "by": [("", "Done by anyone"), *log.actors()],
            "action": [("", "Any action"), *actions()],
            "when": [("", "At any time"), *(one for one in periods if "next" not in one[0])],
        }
        self._today = today
        for name, choices in offered.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def added_to(self, text: str) -> str:
        """Return the query with what was chosen; it takes the place of terms of its own kind."""
        self.is_valid()
        chosen = {name: value for name, value in self.cleaned_data.items() if value}
        new = [Term(field=name, value=value, parsed_value=value) for name, value in chosen.items()]
        try:
            query = parse(text, today=self._today)
        except QuerySyntaxError:
            return " ".join([text, *map(str, new)])
        kept = (term for term in query.terms if term.is_negated or term.field not in chosen)
        return str(Query((*kept, *new)))
