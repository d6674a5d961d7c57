"""Every regular expression of the product takes time in proportion to its input.

Expressions are found in the source, so a new one is tested without a line here. Each is run by the
methods that its module uses on inputs that repeat short texts, among them parts of the expression
itself; for twice the input it may take twice the time, not four times.
"""

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from io import BytesIO
from itertools import product
from re import _parser
from typing import Any

import pytest

from assignments.services import redaction
from assignments.services.picking.pasted_lists import pasted_tables, tokens
from assignments.services.picking.uploads import file_types
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.stackone.rate_limit_headers import parse_rate_limit
from tests.recorded_actions import product_sources

pytestmark = pytest.mark.slow

LENGTH = 4_000
# CPU seconds that no linear expression needs for twice LENGTH; every quadratic one needs more.
FAST_SECONDS = 0.03
SOURCES = product_sources()
METHODS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "split")
COMMON = [
    "a",
    "A",
    "1",
    "0",
    " ",
    ".",
    "@",
    "-",
    ",",
    ";",
    '"',
    "\\",
    "=",
    "_",
    ":",
    "/",
    "\n",
    "é",
]
# Expressions whose module bounds what they get: these are run by the function that does so.
BOUNDED: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(
        (f"assignments.stackone.rate_limit_headers.{name}" for name in ("ITEM", "PAIR")),
        lambda text: parse_rate_limit({"ratelimit": text, "ratelimit-policy": text}),
    ),
    **dict.fromkeys(
        (f"{tokens.__name__}.{name}" for name in ("_NAME_AND_ADDRESS", "_LAST_NAME_FIRST")),
        lambda text: tokens.tokenise(f"{text};", limit=10_000),
    ),
    "assignments.services.picking.uploads.file_types._WEB_PAGE": (
        lambda text: file_types.is_workbook(BytesIO(text.encode()))
    ),
}
# Functions that build an expression when they are called, by the module and function.
DYNAMIC: dict[str, Callable[[str], object]] = {
    # One is defined within the other.
    **dict.fromkeys(
        (f"{redaction.__name__}.{name}" for name in ("name_redactor", "redact")),
        redaction.name_redactor(["Ann Lee", "a", "aaaa"]),
    ),
    "assignments.services.picking.pasted_lists.pasted_tables._cells": (
        lambda text: pasted_tables._cells(text, ";")
    ),
}


def expressions() -> dict[str, re.Pattern[str]]:
    """Return every compiled expression of a module or class, by its dotted name."""
    named: dict[str, re.Pattern[str]] = {}
    for module, source in SOURCES.items():
        if "re.compile" in source:
            loaded = importlib.import_module(module)
            for owner, values in [(module, vars(loaded)), *_classes(loaded)]:
                named |= {f"{owner}.{name}": item for name, item in _patterns(values)}
    return named


def _classes(module: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ == module.__name__:
            yield f"{module.__name__}.{name}", dict(vars(value))


def _patterns(values: dict[str, Any]) -> Iterator[tuple[str, re.Pattern[str]]]:
    for name, value in values.items():
        parts = value if isinstance(value, tuple) else (value,)
        for number, part in enumerate(parts):
            if isinstance(part, re.Pattern):
                yield f"{name}[{number}]" if isinstance(value, tuple) else name, part


def calls_of_re() -> dict[str, str | None]:
    """Return each call such as `re.sub(…)` in a function: its expression, or None if dynamic."""
    calls: dict[str, str | None] = {}
    for module, source in SOURCES.items():
        for function in ast.walk(ast.parse(source)):
            if isinstance(function, ast.FunctionDef):
                calls |= {
                    f"{module}.{function.name}": _literal(node)
                    for node in ast.walk(function)
                    if isinstance(node, ast.Call) and _is_call_of_re(node.func)
                }
    return calls


def _is_call_of_re(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "re"
        and function.attr in {*METHODS, "compile"}
    )


def _literal(call: ast.Call) -> str | None:
    first = call.args[0]
    return str(first.value) if isinstance(first, ast.Constant) else None


def shapes(pattern: str) -> Iterator[tuple[str, str, str]]:
    """Yield what a text begins with, repeats and ends with, made of an expression's characters."""
    own = [chr(code) for code in _characters(_parser.parse(pattern))]
    single = list(dict.fromkeys([*own[:10], *COMMON]))[:20]
    pairs = ["".join(pair) for pair in product(single[:14], repeat=2) if pair[0] != pair[1]]
    yield from (("", part, "") for part in (*single, *pairs))
    # Text that cannot match in the end makes an expression try everything else.
    yield from product(("", "@", '"'), single, ("@", "\x01"))


def _characters(tree: Any) -> Iterator[int]:
    """Yield the code of every literal character in a parsed expression."""
    for item in tree if isinstance(tree, list | tuple | _parser.SubPattern) else ():
        if isinstance(item, tuple) and len(item) == 2 and str(item[0]) == "LITERAL":
            yield item[1]
        else:
            yield from _characters(item)


def seconds(run: Callable[[str], object], text: str) -> float:
    """Return the CPU time of a call, the least of up to three."""
    least = float("inf")
    for _ in range(3):
        started = time.thread_time()
        with suppress(UploadRefused):
            result = run(text)
            if isinstance(result, Iterator):
                sum(1 for _ in result)
        least = min(least, time.thread_time() - started)
        if least < FAST_SECONDS:
            break
    return least


def assert_linear(run: Callable[[str], object], pattern: str) -> None:
    """Check that no text takes much more than twice as long as half of it."""
    for before, part, end in shapes(pattern):
        half = before + part * (LENGTH // len(part)) + end
        whole = before + part * (2 * LENGTH // len(part)) + end
        needed = seconds(run, whole)
        if needed > FAST_SECONDS:
            assert needed < 3 * seconds(run, half), f"{whole[:20]!r}… takes {needed:.2f} s"


def runs(name: str, expression: re.Pattern[str]) -> Iterator[Callable[[str], object]]:
    """Yield the methods of an expression that its module calls, or else any module."""
    if name in BOUNDED:
        yield BOUNDED[name]
        return
    module, _, short = name.partition("[")[0].rpartition(".")
    own_source = SOURCES.get(module, "")
    for method in _methods(short, own_source) or _methods(short, *SOURCES.values()) or {"search"}:
        run = getattr(expression, method)
        yield partial(run, "") if method == "sub" else run


def _methods(name: str, *sources: str) -> set[str]:
    call = re.compile(rf"\b{re.escape(name)}\.({'|'.join(METHODS)})\b")
    return {method for source in sources for method in call.findall(source)}


EXPRESSIONS = expressions()
CALLS = calls_of_re()


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_compiled_expression_is_linear(name: str) -> None:
    for run in runs(name, EXPRESSIONS[name]):
        assert_linear(run, EXPRESSIONS[name].pattern)


@pytest.mark.parametrize("name", [name for name, literal in CALLS.items() if literal is not None])
def test_an_expression_within_a_function_is_linear(name: str) -> None:
    literal = CALLS[name]
    assert literal is not None
    assert_linear(re.compile(literal).search, literal)


@pytest.mark.parametrize("name", DYNAMIC)
def test_an_expression_that_is_built_by_a_function_is_linear(name: str) -> None:
    assert_linear(DYNAMIC[name], "Ann Lee")


def test_every_expression_that_is_built_by_a_function_is_listed() -> None:
    assert {name for name, literal in CALLS.items() if literal is None} == set(DYNAMIC)


@pytest.mark.parametrize("pattern", [r"\w+@", r"\s+$", r"(a|b)+c", r"[\w.]+@[\w-]+(?:\.[\w-]+)+"])
def test_a_quadratic_expression_is_noticed(pattern: str) -> None:
    with pytest.raises(AssertionError, match="takes"):
        assert_linear(re.compile(pattern).search, pattern)
