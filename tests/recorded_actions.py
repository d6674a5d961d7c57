"""Find every action that the product records, by reading its source.

Actions enter the log only as `Event(action=…)`. The value is traced back through conditions,
variables, constants, mappings and the parameters of functions. `Untraceable` is raised where that
is not possible, so no action can be missed.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
EVENT: Final = "assignments.audit.log.Event"
# They make an event of another one, or a function of another one.
REPLACE: Final = "dataclasses.replace"
PARTIAL: Final = "functools.partial"
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Untraceable(Exception):
    """It cannot be told which values an expression has; the message says where it is."""


@dataclass(frozen=True)
class Scope:
    """Where an expression is: its module, and the functions around it, the innermost first."""

    module: str
    functions: tuple[Function, ...] = ()


@dataclass(frozen=True)
class Call:
    """A call of a function, or of `partial` with the function, and where it is."""

    function: str
    positional: list[ast.expr]
    keywords: list[ast.keyword]
    scope: Scope


def product_sources() -> dict[str, str]:
    """Return the source of each module of the product by the module's name."""
    files = chain(ROOT.glob("assignments/**/*.py"), ROOT.glob("dashboard/**/*.py"))
    return {_module_name(file.relative_to(ROOT)): file.read_text() for file in files}


class RecordedActions:
    """Traces the actions in the source of some modules."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._trees = {module: ast.parse(source) for module, source in sources.items()}
        nodes = [pair for module, tree in self._trees.items() for pair in _nodes(tree, module)]
        self._imports = _imports(nodes)
        calls = [(node, scope) for node, scope in nodes if isinstance(node, ast.Call)]
        self._calls = [self._call(node, scope) for node, scope in calls]
        called = {id(self._callee(node, scope)) for node, scope in calls}
        self._passed_on = {
            self._qualified(node, scope.module)
            for node, scope in nodes
            if isinstance(node, ast.Name | ast.Attribute) and id(node) not in called
        }
        self._traced: set[tuple[str, str]] = set()

    def find(self) -> set[str]:
        """Return every action.

        :raises Untraceable: if one cannot be traced
        """
        self._traced = set()
        events = [call for call in self._calls if call.function in {EVENT, REPLACE}]
        return self._union(
            (keyword.value, call.scope)
            for call in events
            for keyword in self._action_keywords(call)
        )

    def _action_keywords(self, call: Call) -> list[ast.keyword]:
        keywords = [keyword for keyword in call.keywords if keyword.arg == "action"]
        if not keywords and call.function == EVENT:
            raise Untraceable(f"An event in {call.scope.module} names no action.")
        return keywords

    def _union(self, expressions: Iterable[tuple[ast.expr, Scope]]) -> set[str]:
        return {value for node, scope in expressions for value in self._values(node, scope)}

    def _values(self, node: ast.expr, scope: Scope) -> set[str]:
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.Name(id=name):
                return self._of_variable(name, scope)
            case ast.Attribute():
                return self._of_constant(self._qualified(node, scope.module))
        return self._union((part, scope) for part in _alternatives(node, scope))

    def _of_variable(self, name: str, scope: Scope) -> set[str]:
        for number, function in enumerate(scope.functions):
            around = Scope(scope.module, scope.functions[number:])
            if name in _parameters(function):
                return self._of_parameter(function, name, around)
            assigned = _assigned(name, ast.walk(function))
            if assigned:
                return self._union((value, around) for value in assigned)
        return self._of_constant(f"{scope.module}.{name}")

    def _of_constant(self, qualified: str) -> set[str]:
        module, _, name = qualified.rpartition(".")
        if module not in self._trees:
            raise Untraceable(f"{qualified} is not a constant of a module.")
        assigned = _assigned(name, self._trees[module].body)
        imported = self._imports[module].get(name)
        if imported and not assigned:
            return self._of_constant(imported)
        if not assigned:
            raise Untraceable(f"{qualified} is not assigned in its module.")
        return self._union((value, Scope(module)) for value in assigned)

    def _of_parameter(self, function: Function, name: str, scope: Scope) -> set[str]:
        if isinstance(function, ast.Lambda):
            raise Untraceable(f"{name} is the parameter of a lambda in {scope.module}.")
        qualified = f"{scope.module}.{function.name}"
        if (qualified, name) in self._traced:
            return set()
        self._traced.add((qualified, name))
        is_method = _parameters(function)[:1] in (["self"], ["cls"])
        calls = [call for call in self._calls if _is_call_of(call, qualified, is_method=is_method)]
        if not calls or qualified in self._passed_on:
            raise Untraceable(f"{qualified} is not only called by its name.")
        return self._union(_argument(call, function, name, scope) for call in calls)

    def _call(self, node: ast.Call, scope: Scope) -> Call:
        callee = self._callee(node, scope)
        positional = node.args if callee is node.func else node.args[1:]
        return Call(self._qualified(callee, scope.module), positional, node.keywords, scope)

    def _callee(self, node: ast.Call, scope: Scope) -> ast.expr:
        is_partial = self._qualified(node.func, scope.module) == PARTIAL
        return node.args[0] if is_partial and node.args else node.func

    def _qualified(self, node: ast.expr, module: str) -> str:
        if isinstance(node, ast.Name):
            return self._imports[module].get(node.id, f"{module}.{node.id}")
        if isinstance(node, ast.Attribute):
            return f"{self._qualified(node.value, module)}.{node.attr}"
        return "?"


def _module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _imports(nodes: Iterable[tuple[ast.AST, Scope]]) -> dict[str, dict[str, str]]:
    """Return the qualified name of everything that is imported, by module and its name there."""
    imports: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for node, scope in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            origin = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            names = {each.asname or each.name: f"{origin}{each.name}" for each in node.names}
            imports[scope.module] |= names
    return imports


def _nodes(tree: ast.Module, module: str) -> Iterator[tuple[ast.AST, Scope]]:
    waiting: list[tuple[ast.AST, Scope]] = [(tree, Scope(module))]
    while waiting:
        node, scope = waiting.pop()
        yield node, scope
        if isinstance(node, Function):
            scope = Scope(module, (node, *scope.functions))
        waiting += [(child, scope) for child in ast.iter_child_nodes(node)]


def _alternatives(node: ast.expr, scope: Scope) -> list[ast.expr]:
    """Return the expressions of which a compound expression has the value."""
    match node:
        case ast.IfExp(body=first, orelse=second):
            return [first, second]
        case ast.BoolOp(values=parts) | ast.Dict(values=parts) | ast.Tuple(elts=parts):
            return parts
        case ast.Subscript(value=mapping):
            return [mapping]
    raise Untraceable(f"{scope.module}, line {node.lineno}: {ast.unparse(node)}")


def _assigned(name: str, nodes: Iterable[ast.AST]) -> list[ast.expr]:
    """Return what is assigned to a variable, or what a loop over a tuple gives it."""
    values = []
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                values.append(value)
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if (
                target == name
            ):
                values.append(value)
            case ast.For(target=ast.Name(id=target), iter=value) if target == name:
                values.append(value)
    return values


def _parameters(function: Function) -> list[str]:
    arguments = function.args
    return [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _is_call_of(call: Call, qualified: str, *, is_method: bool) -> bool:
    if not is_method:
        return call.function == qualified
    return call.function.rpartition(".")[2] == qualified.rpartition(".")[2]


def _argument(
    call: Call, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str, scope: Scope
) -> tuple[ast.expr, Scope]:
    """Return what a call passes for a parameter, or its default."""
    by_keyword = [keyword.value for keyword in call.keywords if keyword.arg == name]
    names = [each for each in _parameters(function) if each not in {"self", "cls"}]
    position = names.index(name)
    by_position = call.positional[position : position + 1]
    before = call.positional[: position + 1]
    if any(isinstance(each, ast.Starred) for each in before):
        raise Untraceable(f"{function.name} is called with an unpacked list.")
    if by_keyword or by_position:
        return (by_keyword or by_position)[0], call.scope
    defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False))
    if name not in defaults:
        raise Untraceable(f"{function.name} is called without {name} in {call.scope.module}.")
    return defaults[name], scope
