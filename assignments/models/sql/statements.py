"""SQL statements with the names of tables, columns and states written into them."""

from collections.abc import Sequence
from typing import LiteralString

from django.db.models import Model, TextChoices


class Sql(str):
    """Text that is SQL already: written by `format_sql` or by Django, never input."""

    __slots__ = ()


type Part = type[Model] | str | Sequence[str]


def format_sql(template: LiteralString, **parts: Part) -> Sql:
    """Return the statement with each `{name}` of the template replaced by that part.

    A model is written as its table, a member of `TextChoices` as a literal in quotes, `Sql` as it
    is, any other text as an identifier, and a sequence as all of its elements with commas.

    :raises ValueError: if a text is no identifier, so that no input can become SQL
    """
    return Sql(template.format_map({name: _written(part) for name, part in parts.items()}))


def _written(part: Part) -> str:
    if isinstance(part, type):
        return part._meta.db_table
    if not isinstance(part, str):
        return ", ".join(_written(element) for element in part)
    if isinstance(part, TextChoices):
        return f"'{part.value}'"
    if isinstance(part, Sql) or (part.isascii() and part.isidentifier()):
        return part
    raise ValueError(f"Not an SQL identifier: {part!r}")
