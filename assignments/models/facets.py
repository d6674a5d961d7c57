"""Facets: custom fields of people that an account has chosen as filters, and their values."""

from django.db import models

from assignments.models.accounts import Account
from assignments.models.directory import Learner


class Facet(models.Model):
    """One custom field that people are filtered by: its label, and its position among the filters.

    `path` is the name of the field, with dots before nested keys, as in "address.city". A field
    of dates filters by a range of days; its values are stored as in "2027-01-15".
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="facets")
    label = models.CharField(max_length=60)
    path = models.CharField(max_length=200)
    position = models.PositiveSmallIntegerField()
    is_date = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "path"], name="a_facet_path_is_unique"),
        ]

    def __str__(self) -> str:
        return self.label


class FacetValue(models.Model):
    """One value of a facet, and the number of active people who had it at the last sync."""

    facet = models.ForeignKey(Facet, models.CASCADE, related_name="values")
    value = models.CharField(max_length=200)
    people = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["facet", "value"], name="a_facet_has_a_value_once"),
        ]
        indexes = [models.Index(fields=["facet", "-people", "value"], name="values_by_people")]

    def __str__(self) -> str:
        return self.value


class LearnerFacet(models.Model):
    """One value of one person; a person may have several of a facet."""

    value = models.ForeignKey(FacetValue, models.CASCADE, related_name="+", db_index=False)
    learner = models.ForeignKey(Learner, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["value", "learner"], name="a_person_has_a_value_once"),
        ]

    def __str__(self) -> str:
        return f"{self.value_id} of {self.learner_id}"
