"""INSERT … SELECT: insert the results of a query without fetching them."""

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet, UUIDField, Value

from assignments.models.sql.statements import Sql, format_sql


def insert_learners(
    model: type[Model], owner: Model, learners: QuerySet[Model, object], *, learner: str = "pk"
) -> int:
    """Insert a row (owner, learner) for each learner and return the number of new rows.

    :param model: has two columns besides its id: the owner's, then `learner_id`
    :param learners: a query with a learner id in each row; existing rows are kept
    :param learner: the field of the query that is the learner's id
    """
    id_field = UUIDField() if isinstance(owner._meta.pk, UUIDField) else None
    chosen = learners.order_by().values_list(Value(owner.pk, output_field=id_field), learner)
    try:
        select, params = chosen.query.sql_with_params()
    except EmptyResultSet:
        return 0
    # Without WHERE, SQLite parses ON as that of a join.
    statement = format_sql(
        "INSERT INTO {table} ({columns}) "
        "SELECT * FROM ({select}) AS chosen WHERE TRUE ON CONFLICT DO NOTHING",
        table=model,
        columns=[
            str(field.column) for field in model._meta.concrete_fields if not field.primary_key
        ],
        select=Sql(select),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)
