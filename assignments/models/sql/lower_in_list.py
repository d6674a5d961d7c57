"""`email__lower_among=texts`: like `in` without regard to case, one parameter for all the texts."""

from typing import Any

import orjson
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup
from django.db.models.sql.compiler import SQLCompiler


@CharField.register_lookup
class LowerAmong(Lookup[Any]):
    """Tells whether the lower-cased text is in a list."""

    lookup_name = "lower_among"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the condition and its parameters."""
        column, params = self.process_lhs(compiler, connection)
        # A set: Django would look into each element of a list for an expression to resolve.
        texts = list(self.rhs)
        if connection.vendor == "postgresql":
            return f"LOWER({column}) = ANY(%s)", (*params, texts)
        text = orjson.dumps(texts).decode()
        # The column is Django's own text.
        return f"LOWER({column}) IN (SELECT value FROM json_each(%s))", (*params, text)  # noqa: S608  # nosec B608
