"""Generate the content of Northwind, the fictional company: items, and courses of them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from assignments.stackone.json_values import JsonObject
from assignments.stackone.sandbox.data.seeding import DATA_DATE, opaque_id, seeded_random
from assignments.stackone.sandbox.data.titles import (
    CATEGORIES,
    COURSES,
    EDITIONS,
    LANGUAGES,
    TITLES,
)
from assignments.stackone.sandbox.timestamps import format_timestamp

SHOWCASE_ITEMS = 20
ITEMS_PER_COURSE = 15
SHARE_UNREFERENCED = 0.03
SHARE_RETIRED = 0.03


@dataclass(frozen=True, slots=True)
class LearningObject:
    """An item or a course that can be assigned."""

    kind: str
    id: str
    remote_id: str
    external_reference: str | None
    active: bool
    updated_at: str
    details: JsonObject

    def as_json(self) -> JsonObject:
        """Return the object as the API shows it."""
        return {
            "id": self.id,
            "remote_id": self.remote_id,
            "external_reference": self.external_reference,
            "active": self.active,
            "updated_at": self.updated_at,
            **self.details,
        }


def generate_items(seed: int, count: int) -> list[LearningObject]:
    """Generate content items; a larger count adds to the same ones."""
    rng = seeded_random(seed, "content")
    return [_item(seed, number, rng) for number in range(count)]


def generate_courses(seed: int, content: Sequence[LearningObject]) -> list[LearningObject]:
    """Generate courses that consist of the items."""
    rng = seeded_random(seed, "courses")
    count = -(-len(content) // ITEMS_PER_COURSE)
    return [_course(seed, number, rng, content) for number in range(count)]


def _item(seed: int, number: int, rng: random.Random) -> LearningObject:
    title = TITLES[number % len(TITLES)]
    repetition, draw = number // len(TITLES), rng.random()
    edition = EDITIONS[(repetition - 1) % len(EDITIONS)] if repetition else ""
    part = f" {1 + (repetition - 1) // len(EDITIONS)}" if repetition > len(EDITIONS) else ""
    text = f"{title.text}: {edition}{part}" if repetition else title.text
    may_be_odd = number >= SHOWCASE_ITEMS
    return LearningObject(
        kind="content",
        id=opaque_id(seed, "content", number),
        remote_id=f"LO-{70_000 + number}",
        external_reference=None
        if may_be_odd and draw < SHARE_UNREFERENCED
        else f"NWL-{1000 + number}",
        active=not (may_be_odd and draw > 1 - SHARE_RETIRED),
        updated_at=format_timestamp(
            DATA_DATE - timedelta(minutes=rng.randrange(60, 60 * 24 * 500))
        ),
        details={
            **_shared(text, title.minutes, rng),
            "content_type": {"value": title.form, "source_value": title.form.upper()},
            "categories": [_category(title.category)],
            "tags": [title.category.lower(), title.form],
            "content_url": f"https://learn.northwind.example/items/{70_000 + number}",
            "cover_url": f"https://learn.northwind.example/covers/{70_000 + number}.jpg",
            "course_ids": None,
        },
    )


def _course(
    seed: int, number: int, rng: random.Random, content: Sequence[LearningObject]
) -> LearningObject:
    repeat = number // len(COURSES)
    title = COURSES[number % len(COURSES)] + (f", Part {repeat + 1}" if repeat else "")
    members = rng.sample(content, min(len(content), rng.randint(3, 6)))
    return LearningObject(
        kind="course",
        id=opaque_id(seed, "course", number),
        remote_id=f"CR-{300 + number}",
        external_reference=f"NWC-{100 + number}",
        active=True,
        updated_at=format_timestamp(
            DATA_DATE - timedelta(minutes=rng.randrange(60, 60 * 24 * 500))
        ),
        details={
            **_shared(title, 45 * len(members), rng),
            "categories": [_category(rng.choice(CATEGORIES))],
            "content_ids": [item.id for item in members],
            "remote_content_ids": [item.remote_id for item in members],
            "url": f"https://learn.northwind.example/courses/{300 + number}",
        },
    )


def _shared(title: str, minutes: int, rng: random.Random) -> JsonObject:
    languages = [LANGUAGES[0], *rng.sample(LANGUAGES[1:], rng.choice((0, 0, 1, 3)))]
    hours, rest = divmod(minutes, 60)
    return {
        "title": title,
        "description": f"{title}, as Northwind teaches it. Takes about {minutes} minutes.",
        "duration": "PT" + (f"{hours}H" if hours else "") + (f"{rest}M" if rest else ""),
        "languages": [{"value": value, "source_value": source} for value, source in languages],
        "provider": "Northwind Learning",
        "created_at": format_timestamp(DATA_DATE - timedelta(days=rng.randrange(501, 1500))),
    }


def _category(name: str) -> JsonObject:
    return {"id": f"cat-{CATEGORIES.index(name) + 1}", "name": name, "active": True}
