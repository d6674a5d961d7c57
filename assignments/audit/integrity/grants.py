"""The rights of the application's role on PostgreSQL: all it needs, and none to alter the log."""

from typing import Final

from assignments.audit.integrity.triggers import ENTRIES, SEALS

TABLES: Final = (ENTRIES, SEALS)
ROLE: Final = "assignment_desk_app"
SQL: Final = """\
-- Run as the owner of the tables, who runs migrations and whom the desk does not connect as.
-- Afterwards let DATABASE_URL of web and workers name the role {role}.
CREATE ROLE {role} LOGIN;
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
-- Tables that later versions bring.
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role};
-- Entries and seals are added and read, and nothing else.
{revoked}
"""


def role_sql(role: str = ROLE) -> str:
    """Return the statements that make the role."""
    revoked = [f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role};" for table in TABLES]
    return SQL.format(role=role, revoked="\n".join(revoked))
