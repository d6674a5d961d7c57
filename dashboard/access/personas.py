"""Personas: the users of the demo, offered only while DESK_DEMO is set."""

from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from assignments.audit.entries.actors import SYSTEM
from dashboard.access.addresses import record_address
from dashboard.access.models import User
from dashboard.access.roles import ADMIN, AUDITOR, MANAGER

ISSUER: Final = "demo"


@dataclass(frozen=True, slots=True)
class Persona:
    """A user of the demo; `key` is its subject and part of its sign-in URL."""

    key: str
    name: str
    email: str
    role: str
    description: str


PERSONAS: Final = (
    Persona("manager", "Priya Mehta", "manager@example.com", MANAGER, "assigns learning"),
    Persona("second", "Daniel Osei", "second.manager@example.com", MANAGER, "assigns learning"),
    Persona("auditor", "Ingrid Solberg", "auditor@example.com", AUDITOR, "reads and verifies"),
    Persona("admin", "Ruth Abel", "admin@example.com", ADMIN, "looks after the connection"),
)


def persona_user(key: str) -> User | None:
    """Return the user of a persona, created on first use; None if there is no such persona."""
    persona = next((persona for persona in PERSONAS if persona.key == key), None)
    return _get_or_create_user(persona) if persona else None


def create_all() -> None:
    """Create the users of all personas, so that commands can act as one before any sign-in."""
    for persona in PERSONAS:
        _get_or_create_user(persona)


def _get_or_create_user(persona: Persona) -> User:
    values = {"name": persona.name, "email": persona.email, "roles": [persona.role]}
    user, _ = User.objects.get_or_create(issuer=ISSUER, subject=persona.key, defaults=values)
    record_address(user, by=SYSTEM, now=timezone.now())
    return user
