"""Who the person is: roles, demo personas, session and request identity."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The app that knows people; its only table is the user."""

    name = "dashboard.access"
    label = "access"
