"""INSERT … SELECT: insert the results of a query without fetching them."""

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet, UUIDField, Value


def insert_learners(
    model: type[Model], owner: Model, learners: QuerySet[Model, object], *, learner: str = "pk"
) -> int:
    """Insert a row (owner, learner) for each learner and return the number of new rows.

    :param model: has two columns besides its id: the owner's, then `learner_id`
    :param learners: a query with a learner id in each row; existing rows are kept
    :param learner: the field of the query that is the learner's id
    """
    of_owner, of_learner = (field for field in model._meta.concrete_fields if not field.primary_key)
    id_field = UUIDField() if isinstance(owner._meta.pk, UUIDField) else None
    chosen = learners.order_by().values_list(Value(owner.pk, output_field=id_field), learner)
    try:
        select, params = chosen.query.sql_with_params()
    except EmptyResultSet:
        return 0
    # Names of tables and columns, never input. Without WHERE, SQLite parses ON as that of a join.
    statement = (
        f"INSERT INTO {model._meta.db_table} ({of_owner.column}, {of_learner.column}) "  # noqa: S608
        f"SELECT * FROM ({select}) AS chosen WHERE TRUE ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)
