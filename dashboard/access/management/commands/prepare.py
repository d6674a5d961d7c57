"""Prepare the installation for a start: database, users of the demo, static files."""

from typing import Final

from django.conf import settings
from django.core.management import CommandError, call_command

from assignments.database_errors import UNAVAILABLE_ERRORS, first_line
from assignments.management.command_options import Option
from assignments.management.desk_command import DeskCommand
from assignments.management.preparation import pin_audit_key, refuse_foreign_database
from dashboard.access import personas

# django-htmx ships more than the one version of htmx that the pages load.
IGNORED_STATIC_FILES: Final = ["ext", "htmx-4*", "htmax-*"]


class Command(DeskCommand):
    """`manage.py prepare`; may run any number of times."""

    help = "Bring the database and the static files up to date; run it before every start."
    requires_migrations_checks = False
    requires_system_checks = "__all__"

    def handle(self, *args: object, **options: Option) -> None:
        """Migrate, create the users of the demo in demo mode, and collect the static files."""
        try:
            refuse_foreign_database()
            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
            pin_audit_key()
        except UNAVAILABLE_ERRORS as error:
            reason = first_line(error)
            raise CommandError(f"Check DATABASE_URL, its database failed: {reason}") from error
        if settings.DESK_DEMO:
            personas.create_all()
        if not settings.DEBUG:
            call_command(
                "collectstatic",
                interactive=False,
                verbosity=0,
                ignore_patterns=IGNORED_STATIC_FILES,
            )
