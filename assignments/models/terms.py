"""Terms: what applies to the rows of a draft or batch, and defaults of some of them."""

import json
from collections.abc import Mapping
from typing import Final

from django.db import models


class Status(models.TextChoices):
    """The status with which an assignment is created in the LMS."""

    PENDING = "pending", "Pending"
    IN_PROGRESS = "in_progress", "In progress"
    COMPLETED = "completed", "Completed"


class Terms(models.Model):
    """The terms that apply to every row: set in a draft, frozen in its batch.

    Every field must be optional for plans that were made before it: see docs/decisions/0018.
    `due_time` is the time of day at which all due dates end, in the organisation's time zone; None
    is the end of the day. `passthrough` is a JSON object as compact text.
    """

    due_date = models.DateField(null=True, blank=True)
    due_time = models.TimeField(null=True, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    progress = models.FloatField("progress in percent", null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    external_reference = models.TextField("external reference", blank=True)
    source_status = models.TextField("LMS status", blank=True)
    assigned_at = models.DateTimeField("assigned at", null=True, blank=True)
    passthrough = models.TextField(blank=True)

    class Meta:
        abstract = True

    @staticmethod
    def label_of(name: str) -> str:
        """Return how pages call a term."""
        return TERM_LABELS[name]

    @staticmethod
    def in_words(terms: Mapping[str, object]) -> str:
        """Return terms with their labels, as in "Progress in percent 40; Passthrough {}"."""
        return "; ".join(f"{TERM_LABELS[name]} {value}" for name, value in terms.items())

    @property
    def progress_number(self) -> float | None:
        """The progress in percent as JSON has it: a whole number without decimals."""
        if self.progress is None or not self.progress.is_integer():
            return self.progress
        return int(self.progress)


TERM_FIELDS: Final = tuple(field.name for field in Terms._meta.local_fields)
# What pages call them within a sentence, and by themselves.
TERM_NAMES: Final = {field.name: str(field.verbose_name) for field in Terms._meta.local_fields}
TERM_LABELS: Final = {name: words[:1].upper() + words[1:] for name, words in TERM_NAMES.items()}
# Free text that the LMS gets: the digest and the log hold commitments, so that it can be erased.
SENT_TEXTS: Final = ("external_reference", "source_status", "passthrough")
# Of a batch only: the default terms that its items had at the review.
ITEM_TERMS: Final = "item_terms"


def term_values(source: Terms) -> dict[str, object]:
    """Return the terms of a draft or a batch by the name of their field."""
    return {name: getattr(source, name) for name in TERM_FIELDS}


class DefaultTerms(models.Model):
    """An item or an audience with default terms: text as in `services.planning.own_terms`."""

    default_terms = models.TextField(blank=True, default="", db_default="")

    class Meta:
        abstract = True

    @property
    def defaults_in_words(self) -> str:
        """The default terms with their labels."""
        return Terms.in_words(self._terms)

    @property
    def names_of_defaults(self) -> str:
        """What has a default, as in a sentence."""
        return ", ".join(TERM_NAMES[name] for name in self._terms)

    @property
    def _terms(self) -> Mapping[str, object]:
        return json.loads(self.default_terms)["terms"] if self.default_terms else {}
