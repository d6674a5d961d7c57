"""`at__seen__gte=moment`: a column that is looked at only in rows which something else finds."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, DateTimeField, PositiveBigIntegerField, Transform
from django.db.models.sql.compiler import SQLCompiler


@CharField.register_lookup
@PositiveBigIntegerField.register_lookup
@DateTimeField.register_lookup
class Seen(Transform):
    """The column as it is, kept from SQLite's choice of an index.

    SQLite cannot know how many rows a value leaves, and takes an index for it even where that
    leads through half of the table.
    """

    lookup_name = "seen"
    template = "%(expressions)s"

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the column with the sign that no index has."""
        return self.as_sql(compiler, connection, template="+%(expressions)s", **more)
