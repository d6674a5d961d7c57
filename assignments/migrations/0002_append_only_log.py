"""Start the audit log: its one head row, and the triggers that make it append-only."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from assignments.audit.integrity import triggers


def start(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("assignments", "LogHead").objects.create(pk=1)
    triggers.install(editor.connection, triggers.ENTRIES)


def undo(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    triggers.remove(editor.connection, triggers.ENTRIES)
    apps.get_model("assignments", "LogHead").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("assignments", "0001_initial")]

    operations = [migrations.RunPython(start, undo)]
