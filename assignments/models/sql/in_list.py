"""Look-up `pk__in_list=ids`: like Django's `in`, with the whole list as one query parameter.

`in` adds a placeholder to the statement for each value; for many values, building and parsing that
statement takes longer than finding the rows.
"""

from collections.abc import Sequence

import orjson
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigAutoField, CharField, Lookup, PositiveBigIntegerField
from django.db.models.sql.compiler import SQLCompiler


@CharField.register_lookup
@PositiveBigIntegerField.register_lookup
@BigAutoField.register_lookup
class InList(Lookup[Sequence[object]]):
    """Whether a number or text is in a list."""

    lookup_name = "in_list"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[str | int, ...]]:
        """Return the condition and its parameters."""
        column, params = self.process_lhs(compiler, connection)
        ids = self.rhs
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s)", (*params, ids)
        text = orjson.dumps(ids).decode()
        # `column` is SQL that Django wrote, never input.
        return f"{column} IN (SELECT value FROM json_each(%s))", (*params, text)  # noqa: S608
