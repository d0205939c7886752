"""A DSL file as statements that may fail one by one, so that one mistake does not hide what comes after it.

Each top-level statement, each statement in a `with folder(...)` block and each turn of a top-level loop
is tried by itself. What a failed one would have named is taken away, so that what needs it fails as well.
"""

from __future__ import annotations

import ast
from types import CodeType

__all__ = ["BEGIN", "FAILED", "Statements"]

BEGIN, FAILED = "__jobdsl_begin__", "__jobdsl_failed__"
"""Names of the two functions that the compiled code calls with the number of a statement."""
_FOLDERS = frozenset({"folder", "inside"})
"""Calls whose `with` block lets exceptions through, so that they may as well end within it."""


class Statements:
    """The statements of one file, by number, and the code that tries each."""

    def __init__(self, source: bytes, file: str) -> None:
        """Parse a file. Raises SyntaxError as compiling it does."""
        self.bodies: list[list[ast.stmt]] = []
        tree = ast.parse(source, file)
        head = _head(tree)
        tree.body = [*tree.body[:head], *self._tried(tree.body[head:])]
        self.code: CodeType = compile(ast.fix_missing_locations(tree), file, "exec", dont_inherit=True)

    def bound(self, number: int) -> set[str]:
        """Return the names that a statement assigns, imports or defines."""
        return {name for statement in self.bodies[number] for name in _bound(statement)}

    def loaded(self, number: int) -> set[str]:
        """Return the names that a statement uses."""
        nodes = (node for statement in self.bodies[number] for node in ast.walk(statement))
        return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}

    def line(self, number: int) -> int:
        """Return the first line of a statement."""
        return self.bodies[number][0].lineno

    def _tried(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return [part for statement in body for part in self._statement(statement)]

    def _statement(self, statement: ast.stmt) -> list[ast.stmt]:
        self.bodies.append([statement])
        number = len(self.bodies) - 1
        self._divide(statement)
        return [_try(number, [statement])]

    def _divide(self, statement: ast.stmt) -> None:
        """Try the parts of a statement that holds others."""
        if isinstance(statement, ast.For):
            self._divide_loops(statement.body)
            self.bodies.append(statement.body)
            statement.body = [_try(len(self.bodies) - 1, statement.body)]
        elif isinstance(statement, ast.If):
            statement.body, statement.orelse = self._tried(statement.body), self._tried(statement.orelse)
        elif isinstance(statement, ast.With) and _opens_folder(statement):
            statement.body = self._tried(statement.body)

    def _divide_loops(self, body: list[ast.stmt]) -> None:
        """In a turn of a loop, what follows needs what came before; only turns of inner loops stand alone."""
        for statement in body:
            if isinstance(statement, ast.For):
                self._divide(statement)
            elif isinstance(statement, ast.If | ast.With):
                self._divide_loops(statement.body)
                self._divide_loops(getattr(statement, "orelse", []))


def _head(tree: ast.Module) -> int:
    """Return how many statements have to stay first: the docstring, and what is imported from __future__."""
    head = int(ast.get_docstring(tree, clean=False) is not None)
    for statement in tree.body[head:]:
        if not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
            break
        head += 1
    return head


def _try(number: int, body: list[ast.stmt]) -> ast.stmt:
    """`try: begin(number); body` with any exception handed to the failed function."""
    first = body[0]
    handler = ast.ExceptHandler(type=None, name=None, body=[_call(FAILED, number)])
    tried = ast.Try(body=[_call(BEGIN, number), *body], handlers=[handler], orelse=[], finalbody=[])
    for node in (tried, handler, *ast.walk(tried.body[0]), *ast.walk(handler.body[0])):
        if not hasattr(node, "lineno"):
            ast.copy_location(node, first)
    return tried


def _call(name: str, number: int) -> ast.stmt:
    call = ast.Call(func=ast.Name(name, ast.Load()), args=[ast.Constant(number)], keywords=[])
    return ast.Expr(call)


def _opens_folder(statement: ast.With) -> bool:
    """Return whether every context of a `with` is a folder's."""
    calls = [item.context_expr.func for item in statement.items if isinstance(item.context_expr, ast.Call)]
    names = [getattr(call, "id", None) or getattr(call, "attr", "") for call in calls]
    return len(names) == len(statement.items) and _FOLDERS.issuperset(names)


def _bound(node: ast.AST) -> set[str]:
    """Return the names a node binds in the scope it stands in."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Lambda):
        return set()
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    names = {node.id} if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else set()
    for child in ast.iter_child_nodes(node):
        names |= _bound(child)
    return names
