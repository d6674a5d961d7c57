"""Make the log append-only, start it, and index what is searched; text kept here for ever.

Nothing of the product is imported: what a migration did must not change when the product does.
"""

from django.apps.registry import Apps
from django.db import Error, migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

REFUSAL = "The audit log is append-only: entries, seals and keys are never changed or removed."
# Each append-only table and its key.
APPEND_ONLY = {
    "assignments_logentry": "seq",
    "assignments_logseal": "number",
    "assignments_logmackey": "number",
}
NAMES_REFUSAL = "Names beside the audit log are never changed: erasing and pruning delete them."
# The table of names, whose rows may be deleted but not changed, and its key.
NAMES = ("assignments_personalvalue", "commitment")
# Each searched table, its key and the name of its index.
SEARCHED = (
    ("assignments_learner", "id", "learners_by_trigrams"),
    ("assignments_logentry", "seq", "log_by_trigrams"),
)

SQLITE_UNCHANGED = """
CREATE TRIGGER {table}_refuses_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{refusal}'); END;

-- INSERT OR REPLACE removes the old row without a DELETE that a trigger would see.
CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})
BEGIN SELECT RAISE(ABORT, '{refusal}'); END;
"""

SQLITE_APPEND_ONLY = f"""{SQLITE_UNCHANGED}
CREATE TRIGGER {{table}}_refuses_delete BEFORE DELETE ON {{table}}
BEGIN SELECT RAISE(ABORT, '{{refusal}}'); END;
"""

SQLITE_TRIGRAMS = """
CREATE VIRTUAL TABLE {index} USING fts5 (
    search_text, content='{table}', content_rowid='{key}',
    tokenize='trigram case_sensitive 1', detail='none', columnsize=0
);

CREATE TRIGGER {index}_insert AFTER INSERT ON {table} BEGIN
    INSERT INTO {index} (rowid, search_text) VALUES (NEW.{key}, NEW.search_text);
END;

CREATE TRIGGER {index}_delete AFTER DELETE ON {table} BEGIN
    INSERT INTO {index} ({index}, rowid, search_text)
    VALUES ('delete', OLD.{key}, OLD.search_text);
END;

CREATE TRIGGER {index}_update AFTER UPDATE OF search_text ON {table}
WHEN OLD.search_text IS NOT NEW.search_text BEGIN
    INSERT INTO {index} ({index}, rowid, search_text)
    VALUES ('delete', OLD.{key}, OLD.search_text);
    INSERT INTO {index} (rowid, search_text) VALUES (NEW.{key}, NEW.search_text);
END;

INSERT INTO {index} ({index}) VALUES ('rebuild');
"""

POSTGRESQL_REFUSAL = """
CREATE OR REPLACE FUNCTION refuse_log_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'restrict_violation'; END $$
"""

POSTGRESQL_APPEND_ONLY = """
CREATE TRIGGER log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change()
"""

POSTGRESQL_UNCHANGED = """
CREATE OR REPLACE FUNCTION refuse_name_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'restrict_violation'; END $$

CREATE TRIGGER names_are_unchanged BEFORE UPDATE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_name_change()
"""

POSTGRESQL_TRIGRAMS = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX IF NOT EXISTS {index} ON {table} USING gin (search_text gin_trgm_ops);
"""


def start_log(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Write the one row that is locked to append."""
    apps.get_model("assignments", "LogHead").objects.create(pk=1)


def make_append_only(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Let the database refuse UPDATE, DELETE, REPLACE and TRUNCATE on entries and seals."""
    is_sqlite = editor.connection.vendor == "sqlite"
    if not is_sqlite:
        editor.execute(POSTGRESQL_REFUSAL.format(refusal=REFUSAL))
    script = SQLITE_APPEND_ONLY if is_sqlite else POSTGRESQL_APPEND_ONLY
    for table, key in APPEND_ONLY.items():
        run(editor, script.format(table=table, key=key, refusal=REFUSAL))


def keep_names_unchanged(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Let the database refuse UPDATE, REPLACE and TRUNCATE on the names beside the log."""
    is_sqlite = editor.connection.vendor == "sqlite"
    table, key = NAMES
    script = SQLITE_UNCHANGED if is_sqlite else POSTGRESQL_UNCHANGED
    run(editor, script.format(table=table, key=key, refusal=NAMES_REFUSAL))


def make_searchable(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Index every three letters of what is searched.

    PostgreSQL may refuse the extension to an ordinary owner: then searches read every row, and
    `manage.py doctor` says what to run.
    """
    is_sqlite = editor.connection.vendor == "sqlite"
    script = SQLITE_TRIGRAMS if is_sqlite else POSTGRESQL_TRIGRAMS
    try:
        with transaction.atomic(using=editor.connection.alias):
            for table, key, index in SEARCHED:
                run(editor, script.format(table=table, key=key, index=index))
    except Error:
        if is_sqlite:
            raise


def run(editor: BaseDatabaseSchemaEditor, script: str) -> None:
    """Run the statements of a script, which a blank line parts."""
    for statement in script.strip().split("\n\n"):
        editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("assignments", "0001_tables")]

    operations = [
        migrations.RunPython(start_log, migrations.RunPython.noop),
        migrations.RunPython(make_append_only),
        migrations.RunPython(keep_names_unchanged),
        migrations.RunPython(make_searchable),
    ]
