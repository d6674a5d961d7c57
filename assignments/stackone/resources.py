"""What the API speaks of, as plain values; every reader takes any JSON object without failing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Self

from assignments.stackone.reading import choice, flag, items, mapping, moment, number, text

Json = Mapping[str, object]
SEED_CONTRACT: Final = "2025-02"
UNMAPPED: Final = "unmapped_value"


@dataclass(frozen=True, slots=True)
class User:
    """A person in the LMS."""

    id: str | None
    remote_id: str | None
    external_reference: str | None
    name: str | None
    email: str | None
    is_active: bool | None
    custom_fields: dict[str, object]
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def from_json(cls, json: Json) -> Self:
        """Read one entry of a list of users."""
        return cls(
            id=text(json.get("id")),
            remote_id=text(json.get("remote_id")),
            external_reference=text(json.get("external_reference")),
            name=text(json.get("name")),
            email=text(json.get("email")),
            is_active=flag(json.get("active")),
            custom_fields=mapping(json.get("unified_custom_fields")),
            created_at=moment(json.get("created_at")),
            updated_at=moment(json.get("updated_at")),
        )


@dataclass(frozen=True, slots=True)
class LearningObject:
    """A content item or a course: what can be assigned."""

    id: str | None
    remote_id: str | None
    external_reference: str | None
    title: str | None
    description: str | None
    kind: str | None
    is_active: bool | None
    duration: str | None
    languages: tuple[str, ...]
    url: str | None
    updated_at: datetime | None

    @classmethod
    def from_json(cls, json: Json, *, kind: str | None = None) -> Self:
        """Read one entry of a list of content, or of courses with their `kind` given."""
        languages = (choice(entry) for entry in items(json.get("languages")))
        return cls(
            id=text(json.get("id")),
            remote_id=text(json.get("remote_id")),
            external_reference=text(json.get("external_reference")),
            title=text(json.get("title")),
            description=text(json.get("description")),
            kind=kind or _word(json.get("content_type")),
            is_active=flag(json.get("active")),
            duration=text(json.get("duration")),
            languages=tuple(word or source or "" for word, source in languages if word or source),
            url=text(json.get("content_url")) or text(json.get("url")),
            updated_at=moment(json.get("updated_at")),
        )


@dataclass(frozen=True, slots=True)
class RemoteAssignment:
    """An assignment as the LMS holds it."""

    id: str | None
    remote_id: str | None
    user_id: str | None
    learning_object_id: str | None
    learning_object_external_reference: str | None
    status: str | None
    source_status: str | None
    progress: float | None
    due_at: datetime | None
    assigned_at: datetime | None
    updated_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def from_json(cls, json: Json) -> Self:
        """Read one assignment by the union of the contract's versions."""
        status, source_status = choice(json.get("status"))
        return cls(
            id=text(json.get("id")),
            remote_id=text(json.get("remote_id")),
            user_id=text(json.get("user_id")),
            learning_object_id=text(json.get("learning_object_id")) or text(json.get("course_id")),
            learning_object_external_reference=text(json.get("learning_object_external_reference")),
            status=status,
            source_status=source_status,
            progress=number(json.get("progress")),
            due_at=moment(json.get("due_date")),
            assigned_at=moment(json.get("created_at")) or moment(json.get("assigned_at")),
            updated_at=moment(json.get("updated_at")),
            completed_at=moment(json.get("completed_at")),
        )


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """One LMS that is linked behind the API key."""

    id: str | None
    provider: str | None
    provider_name: str | None
    status: str | None
    is_lms: bool | None

    @classmethod
    def from_json(cls, json: Json) -> Self:
        """Read one account; whether it is an LMS is told by newer versions only."""
        categories = json.get("categories")
        return cls(
            id=text(json.get("id")),
            provider=text(json.get("provider")),
            provider_name=text(json.get("provider_name")),
            status=text(json.get("status")),
            is_lms="lms" in categories if isinstance(categories, list) else None,
        )


@dataclass(frozen=True, slots=True)
class Dialect:
    """How requests are spelt, which differs between the versions of the contract.

    :param contract: "2025-02" sends `created_at`, "2025-12" sends `assigned_at`
    :param status_style: "hyphen" or "underscore", for the wire word of "in progress"
    """

    contract: str = "2025-12"
    status_style: str = "underscore"


@dataclass(frozen=True, slots=True)
class NewAssignment:
    """An assignment to be created. Its main identifier is the item's external reference."""

    learning_object_external_reference: str
    learning_object_id: str
    due_at: datetime | None
    status: str
    progress: float | None
    assigned_at: datetime | None
    external_reference: str = ""

    def as_json(self, dialect: Dialect) -> dict[str, object]:
        """Return the request's body in the given dialect; what is not known is left out."""
        hyphen = dialect.status_style == "hyphen"
        word = self.status.replace("_", "-") if hyphen else self.status
        assigned = "created_at" if dialect.contract == SEED_CONTRACT else "assigned_at"
        body = {
            "learning_object_external_reference": self.learning_object_external_reference,
            "learning_object_id": self.learning_object_id or None,
            "due_date": _wire(self.due_at),
            "status": {"value": word},
            "progress": self.progress,
            assigned: _wire(self.assigned_at),
            "external_reference": self.external_reference or None,
        }
        return {name: value for name, value in body.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Created:
    """The LMS confirmed a new assignment; its id may be missing all the same."""

    id: str | None
    remote_id: str | None
    status: int = 201
    reply: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page[Item]:
    """One page of a list, and the cursor of the next one, if there is one."""

    items: tuple[Item, ...]
    next: str | None


def _word(value: object) -> str | None:
    word, source = choice(value)
    return source if word in {None, UNMAPPED} else word


def _wire(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
