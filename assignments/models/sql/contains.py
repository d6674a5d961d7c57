"""Look-up `search_text__contains_text=word`: a case-sensitive substring match.

Text and word are folded already (see `text_folding`), so the match ignores case and accents.
"""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Lookup, TextField
from django.db.models.sql.compiler import SQLCompiler


@TextField.register_lookup
class ContainsText(Lookup[str]):
    """Whether a text contains a word.

    Unlike Django's `contains` it adds ESCAPE only where the pattern needs it: SQLite takes twice
    as long for LIKE with ESCAPE.
    """

    lookup_name = "contains_text"

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[str | int, ...]]:
        """Return the condition and its parameters."""
        column, params = self.process_lhs(compiler, connection)
        pattern = substring_pattern(str(self.rhs))
        escape = r" ESCAPE '\'" if "\\" in pattern else ""
        return f"{column} LIKE %s{escape}", (*params, pattern)


def substring_pattern(word: str) -> str:
    """Return the LIKE pattern for texts that contain the word, its wildcards escaped."""
    for sign in "\\%_":
        word = word.replace(sign, f"\\{sign}")
    return f"%{word}%"
