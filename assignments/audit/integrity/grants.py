"""SQL for the application's PostgreSQL role: all rights that it needs, none to alter the log."""

from typing import Final

from assignments.audit.integrity.triggers import ENTRIES, MAC_KEYS, NAMES, SEALS

# What the role may not do with each table of the log, besides TRUNCATE. Erasing and pruning delete
# names; rows of the other tables are updated as the log grows, is verified and is forwarded.
REVOKED: Final = {
    ENTRIES: "UPDATE, DELETE",
    SEALS: "UPDATE, DELETE",
    MAC_KEYS: "UPDATE, DELETE",
    NAMES: "UPDATE",
    "assignments_loghead": "DELETE",
    "assignments_logtile": "DELETE",
    "assignments_verification": "DELETE",
    "assignments_logforwarding": "DELETE",
}
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
-- Entries, seals and pinned keys can be added and read only; names can also be deleted.
{revoked}
"""


def role_sql(role: str = ROLE) -> str:
    """Return the statements that create the role."""
    revoked = [
        f"REVOKE {rights}, TRUNCATE ON {table} FROM {role};" for table, rights in REVOKED.items()
    ]
    return SQL.format(role=role, revoked="\n".join(revoked))
