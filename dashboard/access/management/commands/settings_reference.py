"""Print the settings reference as the page docs/settings.md."""

from django.core.management import BaseCommand

from assignments.management.command_options import Option
from dashboard import settings_reference


class Command(BaseCommand):
    """`manage.py settings_reference > docs/settings.md` updates the page."""

    help = "Print every setting with its default and meaning as Markdown."
    requires_system_checks = []

    def handle(self, *args: object, **options: Option) -> None:
        """Print the page."""
        self.stdout.write(settings_reference.page(), ending="")
