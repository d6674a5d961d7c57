"""Imports under `if TYPE_CHECKING:`, which import-linter leaves out for the whole project.

They give views the types of models. `stackone/` and `audit/` have none, so that the import
contracts cover all that they import, and nothing in the app imports the site.
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APP = sorted((ROOT / "assignments").rglob("*.py"))
WITHOUT_ANY = ("assignments/stackone/", "assignments/audit/")


def type_only_imports(tree: ast.AST) -> Iterator[str]:
    """Yield what is imported under `if TYPE_CHECKING:`, as dotted names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Import):
                    yield from (alias.name for alias in inner.names)
                elif isinstance(inner, ast.ImportFrom):
                    yield from (f"{inner.module}.{alias.name}" for alias in inner.names)


def forbidden_imports(path: str, code: str) -> list[str]:
    """Return the type-only imports that a file at this path may not have."""
    names = type_only_imports(ast.parse(code))
    if path.startswith(WITHOUT_ANY):
        return list(names)
    return [name for name in names if name.partition(".")[0] == "dashboard"]


def test_no_file_has_a_forbidden_type_only_import():
    for path in APP:
        place = str(path.relative_to(ROOT))
        assert (place, forbidden_imports(place, path.read_text())) == (place, [])


@pytest.mark.parametrize(
    ("path", "line", "name"),
    [
        pytest.param(
            "assignments/stackone/client.py",
            "from assignments.models import Batch",
            "assignments.models.Batch",
            id="a model in the StackOne client",
        ),
        pytest.param(
            "assignments/audit/log.py",
            "from assignments.services.batches import control",
            "assignments.services.batches.control",
            id="a service in the audit log",
        ),
        pytest.param(
            "assignments/views/batches.py",
            "import dashboard.settings",
            "dashboard.settings",
            id="the site in a view",
        ),
    ],
)
def test_a_forbidden_type_only_import_is_recognised(path, line, name):
    code = f"from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    {line}\n"

    assert forbidden_imports(path, code) == [name]


def test_a_view_may_import_a_model_for_its_type():
    code = "if TYPE_CHECKING:\n    from assignments.models import Batch\n"

    assert forbidden_imports("assignments/views/batches.py", code) == []


def test_import_linter_leaves_type_only_imports_out():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

    assert settings["exclude_type_checking_imports"] is True
