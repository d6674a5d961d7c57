"""Look-up `pk__in_list=ids`: like Django's `in`, with the whole list as one query parameter.

`in` adds a placeholder to the statement for each value; for many values, building and parsing that
statement takes longer than finding the rows. `email__lower__in_list` compares lower-cased texts.
"""

from collections.abc import Collection
from typing import Any, Final

import orjson
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigAutoField, CharField, Lookup, PositiveBigIntegerField
from django.db.models.functions import Lower
from django.db.models.sql.compiler import SQLCompiler

CharField.register_lookup(Lower)
CONDITIONS: Final = {
    "postgresql": "= ANY(%s)",
    "sqlite": "IN (SELECT value FROM json_each(%s))",
}


@CharField.register_lookup
@PositiveBigIntegerField.register_lookup
@BigAutoField.register_lookup
class InList(Lookup[Collection[object]]):
    """Whether a number or text is in a list; a set is faster, Django looks through sequences."""

    lookup_name = "in_list"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:  # PostgreSQL takes a list, which the stubs leave out
        """Return the condition and its parameters."""
        column, params = self.process_lhs(compiler, connection)
        values = list(self.rhs)
        is_array = connection.vendor == "postgresql"
        parameter = values if is_array else orjson.dumps(values).decode()
        return f"{column} {CONDITIONS[connection.vendor]}", (*params, parameter)
