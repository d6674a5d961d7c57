"""The people and the content, findable by each of their names, and changeable while running."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from assignments.stackone.sandbox.data import catalogue, people
from assignments.stackone.sandbox.data.catalogue import LearningObject
from assignments.stackone.sandbox.data.people import Learner
from assignments.stackone.sandbox.options import SandboxOptions
from assignments.stackone.sandbox.times import current

CHANGEABLE = {"active", "email", "external_reference", "name"}


class Unchangeable(ValueError):
    """Nobody and nothing has this id, or the field cannot be changed."""


class Directory:
    """Everybody and everything the LMS knows."""

    def __init__(self, options: SandboxOptions) -> None:
        self.learners = people.people(options.seed, options.learners)
        self.content = catalogue.items(options.seed, options.content)
        self.courses = catalogue.courses(options.seed, self.content)
        self._originals: dict[str, Learner | LearningObject] = {}
        self._index()

    def change(self, entry_id: str, fields: Mapping[str, Any]) -> None:
        """Change fields of a learner, an item or a course, as of now.

        :raises Unchangeable: there is no such entry or no such field
        """
        original = self.learner.get(entry_id) or self.learning_object.get(entry_id)
        if original is None or not fields.keys() <= CHANGEABLE & set(original.__slots__):
            raise Unchangeable(f"Cannot change {', '.join(fields)} of {entry_id}.")
        self._originals.setdefault(entry_id, original)
        self._put(replace(original, **fields, updated_at=current()))

    def restore(self) -> None:
        """Undo every change."""
        for original in self._originals.values():
            self._put(original)
        self._originals.clear()

    def _put(self, changed: Learner | LearningObject) -> None:
        shelves: tuple[list[Any], ...] = (self.learners, self.content, self.courses)
        for shelf in shelves:
            shelf[:] = [changed if entry.id == changed.id else entry for entry in shelf]
        self._index()

    def _index(self) -> None:
        objects = [*self.content, *self.courses]
        self.learner = {learner.id: learner for learner in self.learners}
        self.learning_object = {entry.id: entry for entry in objects}
        self.referenced = {
            entry.external_reference: entry for entry in objects if entry.external_reference
        }
