"""The base of the product's commands."""

from django.core.management import BaseCommand


class DeskCommand(BaseCommand):
    """A command that starts without Django's system checks, which import every page.

    `manage.py prepare` runs them before every start of the product.
    """

    requires_system_checks = []
