"""Generate the learners of Northwind, the fictional company whose LMS this is."""

import random
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from assignments.stackone.sandbox.data.names import CULTURES, Culture
from assignments.stackone.sandbox.data.seeding import DATA_DATE, opaque_id, seeded_random
from assignments.stackone.sandbox.data.workplaces import DEPARTMENTS
from assignments.stackone.sandbox.timestamps import format_timestamp

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

# The first learners, so that even a small sandbox has names that are hard to handle.
DIFFICULT_NAMES = (
    ("Aoife", "O'Sullivan"),
    ("Amélie", "Lefèvre"),
    ("Maria", "Silva"),
    ("Maria", "Silva"),
    ("نور=Nour", "الهاشمي=Al-Hashimi"),
    ("María de los Ángeles Concepción", "Fernández-Villaverde y Álvarez de Toledo"),
    ("Łukasz", "Brzęczyszczykiewicz"),
    ("Siân", "Lloyd-Jones"),
)
LEARNER_WITHOUT_EMAIL = 8
INACTIVE_LEARNER = 9
SHARE_INACTIVE = 0.02
SHARE_WITHOUT_EMAIL = 0.005


@dataclass(frozen=True, slots=True)
class Learner:
    """A learner in the LMS."""

    id: str
    remote_id: str
    external_reference: str
    name: str
    email: str | None
    active: bool
    created_at: str
    updated_at: str
    custom_fields: dict[str, str | None]

    def as_json(self) -> dict[str, object]:
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


class _NameGenerator:
    """Generates names with e-mail addresses that are unique."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._namesakes: Counter[str] = Counter()
        self._latin: dict[str, str] = {}

    def generate(self, number: int, culture: Culture) -> tuple[str, str]:
        """Return a full name and a unique e-mail address."""
        first = self._rng.choice(culture.given_names)
        family = self._rng.choice(culture.family_names)
        family_first = culture.family_first
        if number < len(DIFFICULT_NAMES):
            (first, family), family_first = DIFFICULT_NAMES[number], False
        shown = [first.partition("=")[0], family.partition("=")[0]]
        return " ".join(reversed(shown) if family_first else shown), self._address(first, family)

    def _address(self, first: str, family: str) -> str:
        local = f"{self._ascii(first)}.{self._ascii(family)}"
        self._namesakes[local] += 1
        namesakes = self._namesakes[local]
        return f"{local}{namesakes if namesakes > 1 else ''}@northwind.example"

    def _ascii(self, name: str) -> str:
        if name not in self._latin:
            latin = name.rpartition("=")[2].lower().translate(SPELLED_OUT)
            bare = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
            self._latin[name] = re.sub(r"[^a-z-]", "", bare)[:LONGEST_PART]
        return self._latin[name]


def generate_people(seed: int, count: int) -> list[Learner]:
    """Generate `count` active people and, among them, a few inactive ones.

    A larger count adds to the same ones.
    """
    rng = seeded_random(seed, "people")
    names = _NameGenerator(rng)
    learners: list[Learner] = []
    active = 0
    while active < count:
        number = len(learners)
        manager = learners[(number - 1) // TEAM_SIZE].name if number else None
        learners.append(_person(seed, number, manager, rng, names))
        active += learners[-1].active
    return learners


def _person(
    seed: int, number: int, manager: str | None, rng: random.Random, names: _NameGenerator
) -> Learner:
    culture = rng.choice(CULTURES)
    name, email = names.generate(number, culture)
    draw = rng.random()
    hired = DATA_DATE - timedelta(days=rng.randrange(30, 9000))
    changed = DATA_DATE - timedelta(minutes=rng.randrange(60, 60 * 24 * 700))
    return Learner(
        id=opaque_id(seed, "learner", number),
        remote_id=str(4_000_000 + 7 * number),
        external_reference=f"NW-{FIRST_EMPLOYEE_NUMBER + number}",
        name=name,
        email=None if number == LEARNER_WITHOUT_EMAIL or draw > 1 - SHARE_WITHOUT_EMAIL else email,
        active=not (number == INACTIVE_LEARNER or draw < SHARE_INACTIVE),
        created_at=format_timestamp(min(hired, changed)),
        updated_at=format_timestamp(changed),
        custom_fields={
            **_position_fields(rng),
            "location": culture.location,
            "manager": manager,
            "hire_date": hired.date().isoformat(),
        },
    )


def _position_fields(rng: random.Random) -> dict[str, str]:
    department = rng.choice(DEPARTMENTS)
    return {
        "department": department.name,
        "cost_centre": department.cost_centre,
        "job_title": rng.choice(department.job_titles),
    }
