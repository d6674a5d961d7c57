"""SQL for the application's PostgreSQL role: all rights that it needs, none to alter the log."""

from typing import Final

from assignments.audit.integrity.triggers import ENTRIES, MAC_KEYS, SEALS

TABLES: Final = (ENTRIES, SEALS, MAC_KEYS)
ROLE: Final = "assignment_desk_app"
SQL: Final = """\
-- Run as the owner of the tables, who runs the migrations. Web and workers must not connect as
-- the owner: afterwards, use the role {role} in their DATABASE_URL.
CREATE ROLE {role} LOGIN;
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
-- Tables of later versions.
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role};
-- Entries, seals and pinned keys can be added and read only.
{revoked}
"""


def role_sql(role: str = ROLE) -> str:
    """Return the statements that create the role."""
    revoked = [f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role};" for table in TABLES]
    return SQL.format(role=role, revoked="\n".join(revoked))
