"""Inserting what a query finds, without bringing it here."""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet, UUIDField, Value


def insert_found(
    model: type[Model], owner: Model, found: QuerySet[Any], *, learner: str = "pk"
) -> int:
    """Insert a row (owner, learner) for each learner found, and return how many were new.

    :param model: has two columns beside its id: the owner's, then `learner_id`
    :param learner: the field of `found` that is the learner's id
    """
    of_owner, of_learner = (field for field in model._meta.concrete_fields if not field.primary_key)
    kind = UUIDField() if isinstance(owner._meta.pk, UUIDField) else None
    chosen = found.order_by().values_list(Value(owner.pk, output_field=kind), learner)
    try:
        select, params = chosen.query.sql_with_params()
    except EmptyResultSet:
        return 0
    # Names of our own, never input. WHERE keeps SQLite from reading ON as that of a join.
    statement = (
        f"INSERT INTO {model._meta.db_table} ({of_owner.column}, {of_learner.column}) "  # noqa: S608  # nosec B608
        f"SELECT * FROM ({select}) AS found WHERE TRUE ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)
