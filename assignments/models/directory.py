"""Our copy of what the LMS holds: people, content and who has what."""

from django.db import models

from assignments.models.accounts import Account


class Learner(models.Model):
    """A person in the LMS who can be assigned content; never deleted, only marked inactive."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="learners")
    remote_id = models.CharField(max_length=200)
    external_reference = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=300, blank=True)
    email = models.CharField(max_length=320, blank=True)
    is_active = models.BooleanField()
    left_at = models.DateTimeField(null=True, blank=True)
    custom_fields = models.JSONField(default=dict)
    search_text = models.TextField()
    seen_in = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "remote_id"], name="one_learner_per_remote_id"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "name", "id"], name="learners_by_name"),
            models.Index(fields=["account", "external_reference"], name="learners_by_reference"),
            models.Index(fields=["account", "email"], name="learners_by_email"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.remote_id


class Content(models.Model):
    """A course, video, path… that can be assigned, if it has an external reference."""

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
    search_text = models.TextField()
    seen_in = models.PositiveBigIntegerField()

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
    """An assignment that the LMS holds, whoever made it."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="remote_assignments")
    remote_id = models.CharField(max_length=200)
    learner = models.ForeignKey(
        Learner, models.PROTECT, null=True, related_name="remote_assignments"
    )
    content = models.ForeignKey(
        Content, models.PROTECT, null=True, related_name="remote_assignments"
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
