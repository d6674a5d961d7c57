"""Roles and the permissions that each gives."""

from typing import Final

MANAGER: Final = "manager"
AUDITOR: Final = "auditor"
ADMIN: Final = "admin"

_READ = frozenset(
    {
        "assignments.view_batch",
        "assignments.view_directory",
        "assignments.view_log",
    }
)

PERMISSIONS: Final = {
    MANAGER: _READ | {"assignments.assign"},
    AUDITOR: _READ | {"assignments.verify_log", "assignments.export_log"},
    ADMIN: _READ
    | {
        "assignments.verify_log",
        "assignments.export_log",
        "assignments.sync_directory",
        "assignments.erase_people",
        "access.end_sessions",
    },
}

ROLE_NAMES: Final = {
    MANAGER: "L&D manager",
    AUDITOR: "Auditor",
    ADMIN: "Administrator",
}


def permissions_of(roles: list[str]) -> frozenset[str]:
    """Return the permissions that any of the roles gives; unknown roles give none."""
    return frozenset().union(*(PERMISSIONS.get(role, frozenset()) for role in roles))
