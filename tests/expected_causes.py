"""Which causes the tests really expect: what is compared, not what is mentioned.

A code counts where a row of one of the two tables of faults has to name it, or where it stands in what a test asserts,
or hands to a helper that asserts, be it by a variable or a parameter. What a test hands to the product does not count.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from healthcheck import daemon_errors
from tests.faults import groups
from tests.faults.table import FAULTS
from tests.system import doctor_file_seeds, doctor_unit_seeds

assert groups, "the groups fill the table"

_TESTS = Path(__file__).parent
_CAUSES = daemon_errors.catalogue()
# The longest part of a cause's message that holds no value, where it is long enough to be told from others.
_SENTENCES = {
    code: max((literal for literal, _, _, _ in string.Formatter().parse(cause.summary)), key=len)
    for code, cause in _CAUSES.items()
}
_SHORTEST_SENTENCE = 11
_IN_BRACKETS = re.compile(r"\[([a-z_]+)\]")
# These ask what the words of a cause are, and what is made of causes that they bring along.
_OF_WORDS = {f"test_{what}.py" for what in ("catalogue", "causes", "remedies", "root_cause", "outcome")}
_PRODUCT = ("celestial_nasops", "healthcheck")


class Expected(NamedTuple):
    """A code, and where it is expected: in a row of a table, or in a function of a file."""

    code: str
    place: str

    @property
    def by_a_unit_test(self) -> bool:
        """Whether the values may have been given from which it follows."""
        return self.place.startswith("unit/")


def everywhere() -> Iterator[Expected]:
    """Every expectation of a cause."""
    yield from (Expected(fault.cause, f"fault {fault}") for fault in FAULTS if fault.cause)
    for seed in (*doctor_unit_seeds.SEEDS, *doctor_file_seeds.SEEDS):
        yield from (Expected(line.cause, f"seed {seed.id}") for line in seed.lines if line.cause)
    modules = {path: ast.parse(path.read_text("utf-8")) for path in sorted(_TESTS.rglob("*.py"))}
    helpers = _helpers(modules.values())
    for path, module in modules.items():
        if path.name not in _OF_WORDS:
            for function in _functions(module):
                place = f"{path.relative_to(_TESTS)} {function.name}"
                yield from (Expected(code, place) for code in codes(module, function, helpers))


def _functions(module: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef))


def _helpers(modules: Iterable[ast.Module]) -> set[str]:
    """The names of the functions that assert, themselves or by another one, and are no tests."""
    functions = [f for module in modules for f in _functions(module) if not f.name.startswith("test_")]
    found = {"raises"}  # pytest's
    while True:
        more = {f.name for f in functions if f.name not in found and any(_asserted(f, found))}
        if not more:
            return found
        found |= more


def codes(module: ast.Module, function: ast.FunctionDef, helpers: set[str]) -> set[str]:
    """The codes in all that a function asserts, whatever variables and parameters they come by."""
    ours = _from_product(module)
    given = _given(module, function)
    todo, seen, found = list(_asserted(function, helpers)), set[str](), set[str]()
    while todo:
        for node in _walk(todo.pop(), ours):
            found |= _codes_in(node)
            if isinstance(node, ast.Name) and node.id not in seen:
                seen.add(node.id)
                todo += given.get(node.id, [])
    return found


def _asserted(function: ast.FunctionDef, helpers: set[str]) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            yield node.test
        elif isinstance(node, ast.Raise) and node.exc is not None and "AssertionError" in ast.unparse(node.exc):
            yield node.exc
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in helpers:
            yield from (*node.args, *(keyword.value for keyword in node.keywords))


def _from_product(module: ast.Module) -> set[str]:
    """The names that a module has from the product."""
    imports = [n for n in module.body if isinstance(n, ast.ImportFrom) and (n.module or "").startswith(_PRODUCT)]
    return {alias.asname or alias.name for node in imports for alias in node.names}


def _given(module: ast.Module, function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """What the variables of a module and a function, and the parameters of a test, may stand for."""
    found: dict[str, list[ast.expr]] = {}
    for node in (*module.body, *ast.walk(function)):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for name in (n.id for n in ast.walk(target) if isinstance(n, ast.Name)):
                    found.setdefault(name, []).append(node.value)
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.parametrize":
            names, values = decorator.args[:2]
            for constant in (n for n in ast.walk(names) if isinstance(n, ast.Constant)):
                for name in re.findall(r"\w+", str(constant.value)):
                    found.setdefault(name, []).append(values)
    return found


def _walk(node: ast.AST, ours: set[str]) -> Iterator[ast.AST]:
    """A node and all below it, but for what rules a code out and what is handed to the product."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return
    if isinstance(node, ast.Compare) and any(isinstance(op, ast.NotEq | ast.NotIn | ast.IsNot) for op in node.ops):
        return
    if isinstance(node, ast.Call) and ast.unparse(node.func).partition(".")[0] in ours:
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, ours)


def _codes_in(node: ast.AST) -> set[str]:
    """The codes that one node names: as a constant of the catalogue, alone, in brackets, or by the cause's sentence."""
    if isinstance(node, ast.Attribute | ast.Name):
        name = node.attr if isinstance(node, ast.Attribute) else node.id
        return {name.lower()} & _CAUSES.keys() if name.isupper() else set()
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return set()
    text = node.value.replace("\\", "")  # of a regular expression
    said = {code for code, part in _SENTENCES.items() if len(part) >= _SHORTEST_SENTENCE and part in text}
    return said | ({text, *_IN_BRACKETS.findall(text)} & _CAUSES.keys())
