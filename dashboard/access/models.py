"""Users (people who sign in; people in the LMS are learners), their sessions and access tokens."""

from collections.abc import Iterable

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from dashboard.access.roles import permissions_of


class User(AbstractBaseUser):
    """A person who signs in, with the roles of their last sign-in.

    Identified by issuer and subject (OpenID Connect Core 1.0 §5.7): an e-mail address may be given
    to another person later.
    """

    class Theme(models.TextChoices):
        SYSTEM = "system", "As the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    class Density(models.TextChoices):
        ROOMY = "roomy", "Roomy"
        COMPACT = "compact", "Compact"

    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    roles = models.JSONField(default=list)
    groups = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM)
    density = models.CharField(max_length=7, choices=Density, default=Density.ROOMY)

    objects = BaseUserManager["User"]()

    USERNAME_FIELD = "email"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], name="one_user_per_issuer_and_subject"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def has_perm(self, permission: str, obj: object = None) -> bool:
        """Return whether one of the user's roles gives the permission."""
        return self.is_active and permission in permissions_of(self.roles)

    def has_perms(self, permissions: Iterable[str], obj: object = None) -> bool:
        """Return whether the user has all of the permissions."""
        return all(self.has_perm(permission) for permission in permissions)

    def has_module_perms(self, app_label: str) -> bool:
        """Return whether the user has any permission of the app."""
        return self.is_active and any(
            permission.startswith(f"{app_label}.") for permission in permissions_of(self.roles)
        )


class UserAddress(models.Model):
    """A keyed hash of an e-mail address that a user has or had: see `addresses`."""

    user = models.ForeignKey(User, models.CASCADE, related_name="addresses", db_index=False)
    digest = models.CharField(max_length=64, db_index=True)
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "digest"], name="an_address_is_stored_once_for_a_user"
            ),
        ]

    def __str__(self) -> str:
        return f"An address of {self.user}"


class SignIn(models.Model):
    """An open session, with the identity provider's tokens for it (encrypted).

    `confirmed_at` is when the provider last confirmed the session; empty without a provider. The
    one request that renews the confirmation holds `renewal_lease_until` meanwhile.
    """

    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="sign_ins")
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=200, blank=True)
    provider_session = models.CharField(max_length=255, blank=True, db_index=True)
    confirmed_at = models.DateTimeField(null=True)
    renewal_lease_until = models.DateTimeField(null=True)
    tokens = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.user} since {self.started_at}"


class AccessToken(models.Model):
    """A token with which a program reads the log as its owner; only the SHA-256 hash is stored."""

    user = models.ForeignKey(User, models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"], name="one_access_token_per_user_and_name"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"
