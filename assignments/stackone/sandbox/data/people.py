"""The people of Northwind, the made-up company whose LMS this is."""

import random
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from assignments.stackone.sandbox.data.names import CULTURES, Culture
from assignments.stackone.sandbox.data.seeding import WRITTEN_AT, chance, opaque_id
from assignments.stackone.sandbox.data.workplaces import DEPARTMENTS
from assignments.stackone.sandbox.times import written

FIRST_EMPLOYEE_NUMBER = 10_000
TEAM_SIZE = 8
LONGEST_PART = 28
SPELLED_OUT = str.maketrans(
    {
        "ß": "ss",
        "ø": "o",
        "ł": "l",
        "æ": "ae",
        "þ": "th",
        "ð": "d",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    }
)

# Near the front, so that even a small world has the names that break things.
NOTABLE = (
    ("Aoife", "O'Sullivan"),
    ("Amélie", "Lefèvre"),
    ("Maria", "Silva"),
    ("Maria", "Silva"),
    ("نور=Nour", "الهاشمي=Al-Hashimi"),
    ("María de los Ángeles Concepción", "Fernández-Villaverde y Álvarez de Toledo"),
    ("Łukasz", "Brzęczyszczykiewicz"),
    ("Siân", "Lloyd-Jones"),
)
WITHOUT_EMAIL = 8
INACTIVE = 9
SHARE_INACTIVE = 0.02
SHARE_WITHOUT_EMAIL = 0.005


@dataclass(frozen=True, slots=True)
class Learner:
    """Somebody the LMS knows."""

    id: str
    remote_id: str
    external_reference: str
    name: str
    email: str | None
    active: bool
    created_at: str
    updated_at: str
    custom_fields: dict[str, str | None]

    def as_json(self) -> dict[str, Any]:
        """Return the learner as the API shows a user."""
        return {
            "id": self.id,
            "remote_id": self.remote_id,
            "external_reference": self.external_reference,
            "name": self.name,
            "email": self.email,
            "phone_number": None,
            "active": self.active,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "unified_custom_fields": self.custom_fields,
        }


class _Registry:
    """Hands out names and the addresses that belong to them."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._namesakes: Counter[str] = Counter()
        self._latin: dict[str, str] = {}

    def name(self, number: int, culture: Culture) -> tuple[str, str]:
        """Return a full name and an address nobody else has."""
        given, family = self._rng.choice(culture.given), self._rng.choice(culture.family)
        family_first = culture.family_first
        if number < len(NOTABLE):
            (given, family), family_first = NOTABLE[number], False
        shown = [given.partition("=")[0], family.partition("=")[0]]
        return " ".join(reversed(shown) if family_first else shown), self._address(given, family)

    def _address(self, given: str, family: str) -> str:
        local = f"{self._plain(given)}.{self._plain(family)}"
        self._namesakes[local] += 1
        namesakes = self._namesakes[local]
        return f"{local}{namesakes if namesakes > 1 else ''}@northwind.example"

    def _plain(self, name: str) -> str:
        if name not in self._latin:
            latin = name.rpartition("=")[2].lower().translate(SPELLED_OUT)
            bare = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
            self._latin[name] = re.sub(r"[^a-z-]", "", bare)[:LONGEST_PART]
        return self._latin[name]


def people(seed: int, count: int) -> list[Learner]:
    """Make up so many active people and, among them, a few who left.

    A larger count adds to the same ones.
    """
    rng = chance(seed, "people")
    registry = _Registry(rng)
    found: list[Learner] = []
    active = 0
    while active < count:
        number = len(found)
        manager = found[(number - 1) // TEAM_SIZE].name if number else None
        found.append(_person(seed, number, manager, rng, registry))
        active += found[-1].active
    return found


def _person(
    seed: int, number: int, manager: str | None, rng: random.Random, registry: _Registry
) -> Learner:
    culture = rng.choice(CULTURES)
    name, email = registry.name(number, culture)
    luck = rng.random()
    hired = WRITTEN_AT - timedelta(days=rng.randrange(30, 9000))
    changed = WRITTEN_AT - timedelta(minutes=rng.randrange(60, 60 * 24 * 700))
    return Learner(
        id=opaque_id(seed, "learner", number),
        remote_id=str(4_000_000 + 7 * number),
        external_reference=f"NW-{FIRST_EMPLOYEE_NUMBER + number}",
        name=name,
        email=None if number == WITHOUT_EMAIL or luck > 1 - SHARE_WITHOUT_EMAIL else email,
        active=not (number == INACTIVE or luck < SHARE_INACTIVE),
        created_at=written(min(hired, changed)),
        updated_at=written(changed),
        custom_fields={
            **_post(rng),
            "location": culture.location,
            "manager": manager,
            "hire_date": hired.date().isoformat(),
        },
    )


def _post(rng: random.Random) -> dict[str, str]:
    department = rng.choice(DEPARTMENTS)
    return {
        "department": department.name,
        "cost_centre": department.cost_centre,
        "job_title": rng.choice(department.job_titles),
    }
