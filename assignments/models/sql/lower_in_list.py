"""Look-up `email__lower_in_list=texts`: case-insensitive `in`, the list as one query parameter."""

from collections.abc import Sequence
from typing import Any

import orjson
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup
from django.db.models.sql.compiler import SQLCompiler


@CharField.register_lookup
class LowerInList(Lookup[Sequence[object]]):
    """Whether the lower-cased text is in a list of lower-case texts."""

    lookup_name = "lower_in_list"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:  # PostgreSQL takes a list, which the stubs leave out
        """Return the condition and its parameters."""
        column, params = self.process_lhs(compiler, connection)
        # Callers pass a set: Django searches each element of a list for expressions to resolve.
        texts = list(self.rhs)
        if connection.vendor == "postgresql":
            return f"LOWER({column}) = ANY(%s)", (*params, texts)
        text = orjson.dumps(texts).decode()
        # `column` is SQL that Django wrote, never input.
        return f"LOWER({column}) IN (SELECT value FROM json_each(%s))", (*params, text)  # noqa: S608
