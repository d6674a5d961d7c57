"""No vague word such as `found` is used as a name in the product, its tests or its benchmarks."""

import ast
import re
from collections.abc import Iterator
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
JAVASCRIPT = sorted((ROOT / "assignments/static/assignments").rglob("*.js"))
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


def label(path: Path) -> str:
    """Return a file's path as a test id."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PYTHON, ids=label)
def test_python_binds_no_vague_name(path):
    names = bound_names(ast.parse(path.read_text()))

    assert [(line, name) for line, name in names if name.lower().strip("_") in VAGUE] == []


@pytest.mark.parametrize("path", JAVASCRIPT, ids=label)
def test_javascript_binds_no_vague_name(path):
    lines = enumerate(path.read_text().splitlines(), start=1)
    names = [
        (line, match[1]) for line, text in lines for match in BOUND_IN_JAVASCRIPT.finditer(text)
    ]

    assert [(line, name) for line, name in names if name.lower() in VAGUE] == []


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
    assert VAGUE & {match[1] for match in BOUND_IN_JAVASCRIPT.finditer(code + ";")}
