"""The settings reference, docs/settings.md, generated from the catalogue of settings."""

from typing import Final

from dashboard.settings_catalogue import SECTIONS, Setting

HEADER: Final = """# Settings

Written by `manage.py settings_reference` from the catalogue that the code reads its settings by
(`dashboard/settings_catalogue.py`); a test fails when this page is out of date.

Settings are environment variables, or lines of a `.env` file beside `manage.py`; the environment
takes precedence, and an empty variable counts as not set. [.env.example](../.env.example) is a file
to start from. A missing or contradictory setting stops the start with one line that says what to
change.

A setting marked with * may be in a file instead, whose path is in a variable with the suffix
`_FILE`: `SECRET_KEY_FILE=/run/secrets/desk` for `SECRET_KEY`. None of them appears in logs.
"""
TABLE: Final = """
## {title}

| variable | default | meaning |
| --- | --- | --- |
"""


def page() -> str:
    """Return the whole page."""
    tables = (
        TABLE.format(title=title) + "".join(map(_row, section))
        for title, section in SECTIONS.items()
    )
    return HEADER + "".join(tables)


def _row(setting: Setting) -> str:
    name = f"`{setting.name}`{' *' if setting.is_secret else ''}"
    choices = f" One of {', '.join(f'`{value}`' for value in setting.choices)}."
    meaning = setting.meaning + (choices if setting.choices else "")
    return f"| {name} | {_default(setting)} | {meaning} |\n"


def _default(setting: Setting) -> str:
    if setting.default_note:
        return setting.default_note
    default = setting.default
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`" if default not in {"", None} else "none"
