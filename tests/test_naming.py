"""No vague word such as `found` is used as a name in the product, its tests or its benchmarks."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VAGUE = frozenset(
    {
        "asked",
        "found",
        "given",
        "known",
        "mine",
        "one",
        "ours",
        "said",
        "some",
        "theirs",
        "told",
        "whom",
    }
)
PYTHON = sorted(
    path
    for part in ("assignments", "dashboard", "tests", "bench")
    for path in (ROOT / part).rglob("*.py")
)
JAVASCRIPT = sorted((ROOT / "assignments/assets").rglob("*.js"))
BOUND_IN_JAVASCRIPT = re.compile(
    r"(?:\b(?:const|let|var|function)\s+|[(,{\[]\s*)(\w+)(?=\s*(?:[;,)=}\]]|=>|\())"
)


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and name of everything that the syntax tree binds."""
    for node in ast.walk(tree):
        is_read = isinstance(getattr(node, "ctx", None), ast.Load)
        # hypothesis chose the name of its decorator.
        is_decorator = isinstance(node, ast.alias) and node.name == "given" and not node.asname
        if is_read or is_decorator or isinstance(node, ast.keyword):
            continue
        for field in ("id", "attr", "arg", "name", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                yield getattr(node, "lineno", 0), name


def bound_names_in_javascript(code: str) -> Iterator[tuple[int, str]]:
    """Yield the line and name of everything that the code binds."""
    for line, text in enumerate(code.splitlines(), start=1):
        for match in BOUND_IN_JAVASCRIPT.finditer(text):
            yield line, match[1]


def vague_names(path: Path, names: Iterable[tuple[int, str]]) -> list[str]:
    """Return the vague names, each with its place."""
    place = path.relative_to(ROOT)
    return [f"{place}:{line} {name}" for line, name in names if name.lower().strip("_") in VAGUE]


def test_python_binds_no_vague_name():
    assert PYTHON
    for path in PYTHON:
        assert vague_names(path, bound_names(ast.parse(path.read_text()))) == []


def test_javascript_binds_no_vague_name():
    assert JAVASCRIPT
    for path in JAVASCRIPT:
        assert vague_names(path, bound_names_in_javascript(path.read_text())) == []


@pytest.mark.parametrize(
    "code",
    [
        "found = 1",
        "for one in (): ...",
        "[told for told in ()]",
        "def f(*, mine): ...",
        "if (said := 1): ...",
        "with open() as given: ...",
        "self.asked = 1",
        "class C:\n    known: int",
        "lambda some: 1",
        "import x as given",
    ],
)
def test_bound_names_yields_every_kind_of_binding(code):
    assert VAGUE & {name for _, name in bound_names(ast.parse(code))}


@pytest.mark.parametrize(
    "code", ["const found = 1", "(one) => 1", "let told", "f((a, said) => 1)", "const {mine} = x"]
)
def test_javascript_pattern_matches_every_kind_of_binding(code):
    assert VAGUE & {name for _, name in bound_names_in_javascript(code + ";")}
