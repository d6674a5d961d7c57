"""Print who may do what, from the rules that are enforced."""

from typing import Any

from django.core.management import BaseCommand

from dashboard.access import matrix


class Command(BaseCommand):
    """`manage.py access > docs/access.md` renews the page."""

    help = "Print the matrix of roles and acts as Markdown, from the rules that are enforced."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the page."""
        self.stdout.write(matrix.page(), ending="")
