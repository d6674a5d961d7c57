"""Make the installation ready to start: the database, the demo's people, the static files."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import OperationalError

from dashboard.access import personas


class Command(BaseCommand):
    """`manage.py prepare`; doing it twice does nothing more."""

    help = "Bring the database and the static files up to date; run it before every start."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, make the demo's people if it is one, and collect what WhiteNoise serves."""
        try:
            call_command("migrate", verbosity=0)
        except OperationalError as error:
            reason = str(error).splitlines()[0]
            raise CommandError(f"Check DATABASE_URL, its database failed: {reason}") from error
        if settings.DESK_DEMO:
            personas.make_all()
        if not settings.DEBUG:
            call_command("collectstatic", interactive=False, verbosity=0)
