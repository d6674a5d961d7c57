"""StackOne API resources: lenient when parsing, exact when serialising.

Records that go from one process to another by the thousands are named tuples: pickling one takes a
third of the time of a dataclass.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple, Self

from assignments.stackone import json_values

type Json = Mapping[str, object]

OLD_CONTRACT: Final = "2025-02"


@dataclass(frozen=True, slots=True)
class Page[Item]:
    """One page of a list; `next` is the cursor of the following page, None on the last one.

    `unreadable` counts what else was on the page: entries without an id, or errors beside them.
    """

    items: tuple[Item, ...]
    next: str | None = None
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class User:
    """A user of the LMS."""

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
        """Parse a user; every field may be missing."""
        return cls(
            id=json_values.as_id(data.get("id")),
            remote_id=json_values.as_text(data.get("remote_id")),
            external_reference=json_values.as_text(data.get("external_reference")),
            name=json_values.as_text(data.get("name")),
            email=json_values.as_text(data.get("email")),
            is_active=json_values.as_bool(data.get("active")),
            custom_fields=json_values.as_object(data.get("unified_custom_fields")),
            created_at=json_values.as_datetime(data.get("created_at")),
            updated_at=json_values.as_datetime(data.get("updated_at")),
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
        """Parse a content item; every field may be missing."""
        return cls(
            id=json_values.as_id(data.get("id")),
            remote_id=json_values.as_text(data.get("remote_id")),
            external_reference=json_values.as_text(data.get("external_reference")),
            title=json_values.as_text(data.get("title")),
            description=json_values.as_text(data.get("description")),
            kind=json_values.as_enum_value(data.get("content_type")),
            is_active=json_values.as_bool(data.get("active")),
            duration=json_values.as_text(data.get("duration")),
            languages=json_values.as_enum_values(data.get("languages")),
            url=json_values.as_text(data.get("content_url"))
            or json_values.as_text(data.get("url")),
            updated_at=json_values.as_datetime(data.get("updated_at")),
        )

    @classmethod
    def course_from_json(cls, data: Json) -> Self:
        """Parse a course; the list of courses, unlike that of content, may omit the kind."""
        return cls.from_json({**data, "content_type": data.get("content_type") or "course"})


@dataclass(frozen=True, slots=True)
class RemoteAssignment:
    """An assignment in the LMS.

    `assigned_at` is `created_at` of the API, when the LMS created the record, if it is present: the
    API's own `assigned_at` (contract 2025-12) is any date that the creator chose.
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
        """Parse an assignment; every field may be missing."""
        status, source_status = json_values.as_enum(data.get("status"))
        return cls(
            id=json_values.as_id(data.get("id")),
            remote_id=json_values.as_text(data.get("remote_id")),
            user_id=json_values.as_text(data.get("user_id")),
            learning_object_id=json_values.as_text(
                data.get("learning_object_id") or data.get("course_id")
            ),
            learning_object_external_reference=json_values.as_text(
                data.get("learning_object_external_reference")
            ),
            status=status,
            source_status=source_status,
            progress=json_values.as_number(data.get("progress")),
            due_at=json_values.as_datetime(data.get("due_date")),
            assigned_at=json_values.as_datetime(data.get("created_at"))
            or json_values.as_datetime(data.get("assigned_at")),
            updated_at=json_values.as_datetime(data.get("updated_at")),
            completed_at=json_values.as_datetime(data.get("completed_at")),
        )


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """A system that is linked behind the API key; `is_lms` is None if StackOne omits it."""

    id: str
    provider: str
    provider_name: str
    status: str
    is_lms: bool | None

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Parse an account; every field may be missing."""
        categories = json_values.as_enum_values(data.get("categories"))
        return cls(
            id=json_values.as_text(data.get("id")) or "",
            provider=json_values.as_text(data.get("provider")) or "",
            provider_name=json_values.as_text(data.get("provider_name")) or "",
            status=json_values.as_enum_value(data.get("status")) or "",
            is_lms="lms" in {word.lower() for word in categories} if categories else None,
        )


class NewAssignment(NamedTuple):
    """An assignment to create: content and terms; `passthrough` is a JSON object as text."""

    learning_object_external_reference: str
    learning_object_id: str
    due_at: datetime | None
    status: str
    progress: float | None
    assigned_at: datetime | None
    external_reference: str = ""
    source_status: str = ""
    passthrough: str = ""

    def as_json(self, contract: str, status_style: str) -> dict[str, object]:
        """Return the JSON body of the request, without the fields that are None.

        :param contract: "2025-02" or "2025-12", the published API version to follow
        :param status_style: "underscore" or "hyphen", how in_progress is spelled
        """
        assigned_at_name = "created_at" if contract == OLD_CONTRACT else "assigned_at"
        old, new = ("_", "-") if status_style == "hyphen" else ("-", "_")
        status = {"value": self.status.replace(old, new)}
        if self.source_status:
            status["source_value"] = self.source_status
        body = {
            "learning_object_external_reference": self.learning_object_external_reference,
            "learning_object_id": self.learning_object_id or None,
            "due_date": self.due_at and format_datetime(self.due_at),
            "status": status,
            "progress": self.progress,
            assigned_at_name: self.assigned_at and format_datetime(self.assigned_at),
            "external_reference": self.external_reference or None,
            "passthrough": json.loads(self.passthrough) if self.passthrough else None,
        }
        return {name: value for name, value in body.items() if value is not None}


class CreatedAssignment(NamedTuple):
    """An assignment that the LMS confirmed; `id` is None if the response omits it.

    :ivar status: HTTP status of the response
    :ivar response: the response as evidence: its status, some headers and the start of its body
    """

    id: str | None
    remote_id: str | None
    status: int = 201
    response: Mapping[str, object] | None = None


def format_datetime(moment: datetime) -> str:
    """Format a datetime as StackOne's own SDKs do: in UTC, with milliseconds and "Z".

    :raises ValueError: the datetime has no time zone
    """
    if moment.tzinfo is None:
        raise ValueError("A datetime without a time zone cannot be sent.")
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
