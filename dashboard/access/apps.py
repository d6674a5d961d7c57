"""Access: sign-in, roles, sessions and access tokens."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The Django app with the tables of users, sessions and access tokens."""

    name = "dashboard.access"
    label = "access"
