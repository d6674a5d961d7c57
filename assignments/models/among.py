"""`pk__among=ids`: like `in`, but one parameter for all the ids, however many they are.

`in` writes a mark for each id into the statement, which costs more than to find the rows.
"""

from typing import Any

import orjson
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigAutoField, Lookup
from django.db.models.sql.compiler import SQLCompiler


@BigAutoField.register_lookup
class Among(Lookup[Any]):
    """Tells whether the id is in a list of numbers."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the condition and its parameters."""
        column, params = self.process_lhs(compiler, connection)
        ids = self.rhs
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s)", (*params, ids)
        text = orjson.dumps(ids).decode()
        # The column is Django's own text.
        return f"{column} IN (SELECT value FROM json_each(%s))", (*params, text)  # noqa: S608
