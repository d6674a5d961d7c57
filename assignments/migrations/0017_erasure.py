"""People can be erased, and held; SQLite drops a table's triggers when it makes it anew."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Q

from assignments.models.sql.trigram_index import LEARNERS


def install(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    LEARNERS.remove(editor.connection)
    LEARNERS.install(editor.connection)


class Migration(migrations.Migration):
    dependencies = [("assignments", "0016_exports")]

    operations = [
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("ref", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("reason", models.CharField(max_length=500)),
                ("by", models.CharField(max_length=60)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="learner",
            name="erased_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="learner",
            constraint=models.CheckConstraint(
                condition=Q(erased_at=None)
                | Q(
                    name="",
                    email="",
                    external_reference="",
                    is_active=False,
                    fingerprint="",
                ),
                name="an_erased_person_has_no_name",
            ),
        ),
        migrations.RunPython(install, install),
    ]
