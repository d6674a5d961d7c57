"""Transform `at__no_index__gte=moment`: compare a column without using its index."""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    BigAutoField,
    CharField,
    DateTimeField,
    PositiveBigIntegerField,
    Transform,
)
from django.db.models.sql.compiler import SQLCompiler


@CharField.register_lookup
@BigAutoField.register_lookup
@PositiveBigIntegerField.register_lookup
@DateTimeField.register_lookup
class NoIndex(Transform):
    """The unchanged column, for which SQLite's query planner may not use an index.

    SQLite cannot estimate how many rows match a parameter, and would use the index even where
    half of the table matches.
    """

    lookup_name = "no_index"
    template = "%(expressions)s"

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: str
    ) -> tuple[str, tuple[str | int, ...]]:
        """Return the column after a unary plus: no index (sqlite.org/optoverview.html)."""
        return self.as_sql(compiler, connection, template="+%(expressions)s", **more)
