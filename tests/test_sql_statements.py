"""SQL statements: names and states are written into them, and nothing else can be."""

import pytest

from assignments.models import Assignment
from assignments.models.sql.statements import Sql, format_sql

State = Assignment.State


@pytest.mark.parametrize(
    ("part", "text"),
    [
        pytest.param(Assignment, "assignments_assignment", id="a table"),
        pytest.param("due_at", "due_at", id="a column"),
        pytest.param(State.SENDING, "'sending'", id="a state"),
        pytest.param((State.PLANNED, State.QUEUED), "'planned', 'queued'", id="several states"),
        pytest.param(["due_at", Sql("COUNT(*)")], "due_at, COUNT(*)", id="several columns"),
        pytest.param(Sql("1 = 1"), "1 = 1", id="SQL"),
    ],
)
def test_format_sql_writes(part, text):
    assert format_sql("a {part} {{}} %s", part=part) == f"a {text} {{}} %s"


@pytest.mark.parametrize("text", ["", "a b", "a;--", "a'", 'a"', "1a", "ä", "{x}", "a.b"])
def test_format_sql_refuses_what_is_no_identifier(text):
    with pytest.raises(ValueError, match="Not an SQL identifier"):
        format_sql("SELECT {column}", column=text)
    with pytest.raises(ValueError, match="Not an SQL identifier"):
        format_sql("SELECT {columns}", columns=["a", text])
