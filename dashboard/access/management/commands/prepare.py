"""Make the installation ready to start: the database, the demo's people, the static files."""

from typing import Any, Final

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import OperationalError

from assignments.management.preparation import refuse_foreign_database
from dashboard.access import personas

# What django-htmx brings beside the one version of htmx that the pages load.
NOT_SERVED: Final = ["ext", "htmx-4*", "htmax-*"]


class Command(BaseCommand):
    """`manage.py prepare`; doing it twice does nothing more."""

    help = "Bring the database and the static files up to date; run it before every start."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, make the demo's people if it is one, and collect what WhiteNoise serves."""
        try:
            refuse_foreign_database()
            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
        except OperationalError as error:
            reason = str(error).splitlines()[0]
            raise CommandError(f"Check DATABASE_URL, its database failed: {reason}") from error
        if settings.DESK_DEMO:
            personas.make_all()
        if not settings.DEBUG:
            call_command(
                "collectstatic", interactive=False, verbosity=0, ignore_patterns=NOT_SERVED
            )
