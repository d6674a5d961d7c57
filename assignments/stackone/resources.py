"""What StackOne tells and is told: plain records, read readingly and written exactly.

What goes from one process to another by the thousands is a named tuple: a third of the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple, Self

from assignments.stackone import json_values

type Json = Mapping[str, object]

SEED_CONTRACT: Final = "2025-02"


@dataclass(frozen=True, slots=True)
class Page[Item]:
    """Some items of a list, and the cursor of the page after them if there is one."""

    items: tuple[Item, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """Somebody in the LMS."""

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
    def from_json(cls, data: Json) -> Self:
        """Read a user, however little of one is there."""
        return cls(
            id=json_values.text(data.get("id")),
            remote_id=json_values.text(data.get("remote_id")),
            external_reference=json_values.text(data.get("external_reference")),
            name=json_values.text(data.get("name")),
            email=json_values.text(data.get("email")),
            is_active=json_values.flag(data.get("active")),
            custom_fields=json_values.mapping(data.get("unified_custom_fields")),
            created_at=json_values.moment(data.get("created_at")),
            updated_at=json_values.moment(data.get("updated_at")),
        )


@dataclass(frozen=True, slots=True)
class LearningObject:
    """An item or a course that can be assigned.

    `kind` is course, collection, video, quiz, document, audio, article or the provider's word.
    """

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
    def from_json(cls, data: Json) -> Self:
        """Read a content item, however little of one is there."""
        return cls(
            id=json_values.text(data.get("id")),
            remote_id=json_values.text(data.get("remote_id")),
            external_reference=json_values.text(data.get("external_reference")),
            title=json_values.text(data.get("title")),
            description=json_values.text(data.get("description")),
            kind=json_values.word(data.get("content_type")),
            is_active=json_values.flag(data.get("active")),
            duration=json_values.text(data.get("duration")),
            languages=json_values.words(data.get("languages")),
            url=json_values.text(data.get("content_url")) or json_values.text(data.get("url")),
            updated_at=json_values.moment(data.get("updated_at")),
        )

    @classmethod
    def course_from_json(cls, data: Json) -> Self:
        """Read a course: its list is the only one that does not say the kind of its items."""
        return cls.from_json({**data, "content_type": data.get("content_type") or "course"})


@dataclass(frozen=True, slots=True)
class RemoteAssignment:
    """An assignment that the LMS holds.

    `assigned_at` is when the LMS made it if it says so: the date of assignment that the newer
    version of the API has beside it is whatever the maker chose.
    """

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
    def from_json(cls, data: Json) -> Self:
        """Read an assignment, however little of one is there."""
        status, source_status = json_values.choice(data.get("status"))
        return cls(
            id=json_values.text(data.get("id")),
            remote_id=json_values.text(data.get("remote_id")),
            user_id=json_values.text(data.get("user_id")),
            learning_object_id=json_values.text(
                data.get("learning_object_id") or data.get("course_id")
            ),
            learning_object_external_reference=json_values.text(
                data.get("learning_object_external_reference")
            ),
            status=status,
            source_status=source_status,
            progress=json_values.number(data.get("progress")),
            due_at=json_values.moment(data.get("due_date")),
            assigned_at=json_values.moment(data.get("created_at"))
            or json_values.moment(data.get("assigned_at")),
            updated_at=json_values.moment(data.get("updated_at")),
            completed_at=json_values.moment(data.get("completed_at")),
        )


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """One system linked behind the API key; `is_lms` is None where StackOne does not say."""

    id: str
    provider: str
    provider_name: str
    status: str
    is_lms: bool | None

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read an account, however little of one is there."""
        categories = json_values.words(data.get("categories"))
        return cls(
            id=json_values.text(data.get("id")) or "",
            provider=json_values.text(data.get("provider")) or "",
            provider_name=json_values.text(data.get("provider_name")) or "",
            status=json_values.word(data.get("status")) or "",
            is_lms="lms" in {word.lower() for word in categories} if categories else None,
        )


class NewAssignment(NamedTuple):
    """What is to be assigned, and on which terms."""

    learning_object_external_reference: str
    learning_object_id: str
    due_at: datetime | None
    status: str
    progress: float | None
    assigned_at: datetime | None
    external_reference: str = ""

    def as_json(self, contract: str, status_style: str) -> dict[str, object]:
        """Return the body of the request; what is not given is left out.

        :param contract: "2025-02" or "2025-12", the published version that is followed
        :param status_style: "underscore" or "hyphen", how in_progress is written
        """
        since = "created_at" if contract == SEED_CONTRACT else "assigned_at"
        old, new = ("_", "-") if status_style == "hyphen" else ("-", "_")
        body = {
            "learning_object_external_reference": self.learning_object_external_reference,
            "learning_object_id": self.learning_object_id or None,
            "due_date": self.due_at and written(self.due_at),
            "status": {"value": self.status.replace(old, new)},
            "progress": self.progress,
            since: self.assigned_at and written(self.assigned_at),
            "external_reference": self.external_reference or None,
        }
        return {name: value for name, value in body.items() if value is not None}


class Created(NamedTuple):
    """The LMS confirmed a new assignment; without an id if it did not say which.

    :ivar reply: what is kept of the answer as evidence
    """

    id: str | None
    remote_id: str | None
    status: int = 201
    reply: Mapping[str, object] | None = None


def written(moment: datetime) -> str:
    """Write a moment as StackOne's own clients do: in UTC, with milliseconds and Z.

    :raises ValueError: the moment does not say in which time zone it is
    """
    if moment.tzinfo is None:
        raise ValueError("A moment without a time zone cannot be sent.")
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
