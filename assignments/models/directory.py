"""Local copy of the LMS directory: people, content and their assignments."""

from typing import Final

from django.db import models
from django.db.models import Q

from assignments.models.accounts import Account
from assignments.models.terms import DefaultTerms

# Shown, and matched by a search, instead of the name of an erased person.
ERASED: Final = "an erased person"


class Learner(models.Model):
    """A person in the LMS who can be assigned content; never deleted, only marked inactive.

    `search_text` begins with the folded name, so that one index serves ordering and searching.
    `fingerprint` is the hash of the data from the LMS, `last_seen_sync` the last sync with them.
    The row of an erased person stays with the LMS's id only: rows of batches refer to it, and a
    sync must never re-import the personal data of an erased person.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="learners")
    remote_id = models.CharField(max_length=200)
    external_reference = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=300, blank=True)
    email = models.CharField(max_length=320, blank=True)
    is_active = models.BooleanField()
    left_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)
    custom_fields = models.JSONField(default=dict)
    search_text = models.TextField()
    fingerprint = models.CharField(max_length=40, blank=True, default="", db_default="")
    last_seen_sync = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "remote_id"], name="one_learner_per_remote_id"
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None)
                | Q(name="", email="", external_reference="", is_active=False, fingerprint=""),
                name="an_erased_person_has_no_name",
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "search_text", "id", "is_active"], name="learners_by_text"
            ),
            models.Index(fields=["account", "is_active"], name="learners_by_activity"),
            models.Index(fields=["account", "external_reference"], name="learners_by_reference"),
            models.Index(fields=["account", "email"], name="learners_by_email"),
        ]

    def __str__(self) -> str:
        if self.erased_at is not None:
            return ERASED
        return self.name or self.email or self.remote_id


class Content(DefaultTerms):
    """A course, video, path… that can be assigned, if it has an external reference.

    The LMS API does not say what is mandatory, so an administrator marks it here. `unmarked_at` and
    `unmarked_by` (such as `user/2`) are about the last time that the mark was removed.
    Its default terms are sent where a batch has none of its own.
    """

    class Source(models.TextChoices):
        CONTENT = "content", "Content"
        COURSE = "course", "Course"

    account = models.ForeignKey(Account, models.PROTECT, related_name="contents")
    source = models.CharField(max_length=7, choices=Source)
    remote_id = models.CharField(max_length=200)
    external_reference = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=500, blank=True)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=60, blank=True)
    is_active = models.BooleanField()
    left_at = models.DateTimeField(null=True, blank=True)
    duration = models.CharField(max_length=60, blank=True)
    languages = models.JSONField(default=list)
    url = models.TextField(blank=True)
    is_mandatory = models.BooleanField(default=False, db_default=False)
    unmarked_at = models.DateTimeField(null=True, blank=True)
    unmarked_by = models.CharField(max_length=60, blank=True, default="", db_default="")
    search_text = models.TextField()
    fingerprint = models.CharField(max_length=40, blank=True, default="", db_default="")
    last_seen_sync = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "source", "remote_id"], name="one_content_per_remote_id"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "title", "id"], name="content_by_title"),
            models.Index(fields=["account", "external_reference"], name="content_by_reference"),
        ]

    def __str__(self) -> str:
        return self.title or self.external_reference or self.remote_id


class RemoteAssignment(models.Model):
    """An assignment in the LMS, created by this product or otherwise."""

    # A column that a multi-column constraint or index begins with needs no index of its own.
    account = models.ForeignKey(
        Account, models.PROTECT, related_name="remote_assignments", db_index=False
    )
    remote_id = models.CharField(max_length=200)
    learner = models.ForeignKey(
        Learner, models.PROTECT, null=True, related_name="remote_assignments"
    )
    content = models.ForeignKey(
        Content, models.PROTECT, null=True, related_name="remote_assignments", db_index=False
    )
    learner_remote_id = models.CharField(max_length=200, blank=True)
    content_remote_id = models.CharField(max_length=200, blank=True)
    content_reference = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=60, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    assigned_at = models.DateTimeField(null=True, blank=True)
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "remote_id"], name="one_remote_assignment_per_remote_id"
            ),
        ]
        indexes = [models.Index(fields=["content", "learner"], name="who_has_what")]

    def __str__(self) -> str:
        return self.remote_id
