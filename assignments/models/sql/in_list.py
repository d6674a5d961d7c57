"""`pk__among=ids`: like `in`, but one parameter for all the values, however many they are.

`in` writes a mark for each value into the statement, which costs more than to find the rows.
"""

from typing import Any

import orjson
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigAutoField, CharField, Lookup, PositiveBigIntegerField
from django.db.models.sql.compiler import SQLCompiler


@CharField.register_lookup
@PositiveBigIntegerField.register_lookup
@BigAutoField.register_lookup
class Among(Lookup[Any]):
    """Tells whether a number or text is in a list."""

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
        return f"{column} IN (SELECT value FROM json_each(%s))", (*params, text)  # noqa: S608  # nosec B608
