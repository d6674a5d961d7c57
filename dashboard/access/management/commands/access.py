"""Print the access rules as the page docs/access.md."""

from django.core.management import BaseCommand

from assignments.management.command_options import Option
from dashboard.access import matrix


class Command(BaseCommand):
    """`manage.py access > docs/access.md` updates the page."""

    help = "Print who may do what as a Markdown table, from the rules that are enforced."
    requires_system_checks = []

    def handle(self, *args: object, **options: Option) -> None:
        """Print the page."""
        self.stdout.write(matrix.page(), ending="")
