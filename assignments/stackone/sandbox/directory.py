"""The sandbox's people and content: indexed by id and reference, changeable while it runs."""

from dataclasses import replace
from typing import Any

from assignments.stackone.json_values import JsonObject
from assignments.stackone.sandbox.data import catalogue, people
from assignments.stackone.sandbox.data.catalogue import LearningObject
from assignments.stackone.sandbox.data.people import Learner
from assignments.stackone.sandbox.options import SandboxOptions
from assignments.stackone.sandbox.timestamps import current_timestamp

CHANGEABLE_FIELDS = {"active", "email", "external_reference", "name"}


class NotChangeable(ValueError):
    """There is no entry with this id, or the field cannot be changed."""


class Directory:
    """All learners, content items and courses of the LMS."""

    def __init__(self, options: SandboxOptions) -> None:
        self.learners = people.generate_people(options.seed, options.learners)
        self.content = catalogue.generate_items(options.seed, options.content)
        self.courses = catalogue.generate_courses(options.seed, self.content)
        self._originals: dict[str, Learner | LearningObject] = {}
        self._index()

    def change(self, entry_id: str, fields: JsonObject) -> None:
        """Change fields of a learner, an item or a course, and set its `updated_at` to now.

        :raises Unchangeable: there is no such entry or no such field
        """
        original = self.learners_by_id.get(entry_id) or self.objects_by_id.get(entry_id)
        if original is None or not fields.keys() <= CHANGEABLE_FIELDS & set(original.__slots__):
            raise NotChangeable(f"Cannot change {', '.join(fields)} of {entry_id}.")
        self._originals.setdefault(entry_id, original)
        self._replace(replace(original, **fields, updated_at=current_timestamp()))

    def restore(self) -> None:
        """Undo every change."""
        for original in self._originals.values():
            self._replace(original)
        self._originals.clear()

    def _replace(self, changed: Learner | LearningObject) -> None:
        lists: tuple[list[Any], ...] = (self.learners, self.content, self.courses)  # of two types
        for entries in lists:
            entries[:] = [changed if entry.id == changed.id else entry for entry in entries]
        self._index()

    def _index(self) -> None:
        objects = [*self.content, *self.courses]
        self.learners_by_id = {learner.id: learner for learner in self.learners}
        self.objects_by_id = {entry.id: entry for entry in objects}
        self.objects_by_reference = {
            entry.external_reference: entry for entry in objects if entry.external_reference
        }
