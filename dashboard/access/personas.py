"""The people of the demo; they exist only while DESK_DEMO is set."""

from dataclasses import dataclass
from typing import Final

from dashboard.access.models import User
from dashboard.access.roles import ADMIN, AUDITOR, MANAGER

ISSUER: Final = "demo"


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody to be in the demo."""

    key: str
    name: str
    email: str
    role: str
    does: str


PERSONAS: Final = (
    Persona("manager", "Priya Mehta", "manager@example.com", MANAGER, "assigns learning"),
    Persona("second", "Daniel Osei", "second.manager@example.com", MANAGER, "assigns learning"),
    Persona("auditor", "Ingrid Solberg", "auditor@example.com", AUDITOR, "reads and verifies"),
    Persona("admin", "Ruth Abel", "admin@example.com", ADMIN, "looks after the connection"),
)


def persona(key: str) -> User | None:
    """Return the user of a persona, made on first use, or None if there is no such persona."""
    found = next((entry for entry in PERSONAS if entry.key == key), None)
    return _user(found) if found else None


def make_all() -> None:
    """Make every persona, so that commands can act as one before anybody signed in."""
    for entry in PERSONAS:
        _user(entry)


def _user(entry: Persona) -> User:
    values = {"name": entry.name, "email": entry.email, "roles": [entry.role]}
    return User.objects.get_or_create(issuer=ISSUER, subject=entry.key, defaults=values)[0]
