"""Stylesheets and scripts: joined into one file each, formatted, each module complete by itself."""

import re
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command

from dashboard import joined_assets
from tests import asset_format

SCRIPTS = sorted((joined_assets.SOURCES / "scripts").glob("*.js"))
TOP_LEVEL = re.compile(r"^(?:export )?(?:const|let|function|class) (\w+)", re.MULTILINE)
EXPORTED = re.compile(r"^export \w+ (\w+)", re.MULTILINE)
COMMENT = re.compile(r"^ *//.*$", re.MULTILINE)


def source(path):
    """Return the text of a script without its comments."""
    return COMMENT.sub("", path.read_text())


@pytest.mark.parametrize("name", joined_assets.ENTRY_NAMES)
def test_every_source_is_in_the_joined_file_once(name):
    joined = joined_assets.join(joined_assets.SOURCES / name)

    sources = joined_assets.SOURCES.rglob(f"*{name.removeprefix('desk')}")
    parts = [f"/* {path.relative_to(joined_assets.SOURCES)} */" for path in sources]
    assert len(parts) > 10
    assert [joined.count(part) for part in parts] == [1] * len(parts)
    assert re.findall(r"^(?:@import|import|export) .*", joined, re.MULTILINE) == []


def test_imports_come_before_what_imports_them(tmp_path, monkeypatch):
    monkeypatch.setattr(joined_assets, "SOURCES", tmp_path)
    (tmp_path / "entry.js").write_text('import "./user.js";\nimport "./helper.js";\nlast();\n')
    (tmp_path / "user.js").write_text('import { help } from "./helper.js";\nhelp();\n')
    (tmp_path / "helper.js").write_text("export const help = () => {};\n")

    joined = joined_assets.join(tmp_path / "entry.js")

    assert re.findall(r"^(?:const )?\w+(?:\(\)| = ).*", joined, re.MULTILINE) == [
        "const help = () => {};",
        "help();",
        "last();",
    ]


def test_development_finds_the_sources_as_they_are_now(tmp_path, monkeypatch):
    monkeypatch.setattr(joined_assets, "SOURCES", tmp_path)
    monkeypatch.setattr(joined_assets, "ENTRY_NAMES", ("desk.css",))
    finder = joined_assets.JoinedAssetsFinder()
    finder.folder = tmp_path / "joined"
    finder.storage = FileSystemStorage(location=finder.folder)

    for text in ("a {}", "b {}"):
        (tmp_path / "desk.css").write_text(text)
        assert Path(finder.find("assignments/desk.css")).read_text().endswith(text)


def test_collectstatic_collects_only_the_joined_files(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path

    call_command("collectstatic", interactive=False, verbosity=0)

    collected = {path.name for path in (tmp_path / "assignments").iterdir()}
    assert collected == {"desk.css", "desk.js", "favicon.svg", "icons.svg", "icons-LICENSE.txt"}


def test_modules_share_no_name():
    names = [name for path in SCRIPTS for name in TOP_LEVEL.findall(path.read_text())]

    assert len(names) > 20
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_module_imports_exactly_what_it_uses(path):
    imported = [
        name
        for names in re.findall(r"^import \{ ([^}]*) \}", source(path), re.MULTILINE)
        for name in names.split(", ")
    ]
    others = {
        name for other in SCRIPTS if other != path for name in EXPORTED.findall(source(other))
    }
    code = re.sub(r"^import .*", "", source(path), flags=re.MULTILINE)

    assert sorted(imported) == sorted(others & set(re.findall(r"(?<![.\w])\w+", code)))


def test_no_line_of_a_template_makes_two_choices():
    """Phrases that depend on several values are in `templatetags/phrases.py`, views or queries."""
    choices = [
        f"{path.name}:{number}"
        for path in asset_format.files("templates")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.count("{% if ") > 1
    ]

    assert choices == []


def test_check_prints_a_diff_and_long_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(asset_format, "files", lambda folder: sorted((tmp_path / folder).glob("*")))
    stylesheet, script, template = (
        tmp_path / name
        for name in ("assignments/assets/a.css", "assignments/assets/b.js", "templates/c.html")
    )
    stylesheet.parent.mkdir(parents=True)
    template.parent.mkdir()
    stylesheet.write_text("p { color: red; margin: 0; }\n")
    script.write_text(f"// {'x' * 118}\n")
    template.write_text("x" * 122)

    assert asset_format.main(["--check"]) == 1
    printed = capsys.readouterr().out
    assert "-p { color: red; margin: 0; }\n+p {\n+  color: red;\n+  margin: 0;\n+}\n" in printed
    assert "b.js:1: 121 columns, more than 120" in printed
    assert "c.html:1: 122 columns, more than 120" in printed

    assert asset_format.main([]) == 0
    assert stylesheet.read_text() == "p {\n  color: red;\n  margin: 0;\n}\n"
