"""The one app: assign learning, deliver it, keep the log."""

from django.apps import AppConfig


class AssignmentsConfig(AppConfig):
    """Everything the product is; `dashboard` only runs it."""

    name = "assignments"
