"""`search_text__says=word`: the word is anywhere in the text, compared letter for letter."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Lookup, TextField
from django.db.models.sql.compiler import SQLCompiler


@TextField.register_lookup
class Says(Lookup[Any]):
    """Tells whether a text holds a word; both are folded already.

    Unlike `contains` it does not escape where nothing is to be escaped, which SQLite takes twice
    the time for.
    """

    lookup_name = "says"

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the condition and its parameters."""
        column, params = self.process_lhs(compiler, connection)
        pattern = anywhere(str(self.rhs))
        escape = r" ESCAPE '\'" if "\\" in pattern else ""
        return f"{column} LIKE %s{escape}", (*params, pattern)


def anywhere(word: str) -> str:
    """Return the LIKE pattern that finds a word anywhere."""
    for sign in "\\%_":
        word = word.replace(sign, f"\\{sign}")
    return f"%{word}%"
