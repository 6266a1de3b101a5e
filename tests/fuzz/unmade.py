"""Hooks for the fuzz's own tests: a case can't be made, as by CPython's error that it tells of."""

from typing import Any

import schemathesis

from tests.fuzz import hooks as hooks


@schemathesis.hook
def before_generate_path_parameters(context: schemathesis.HookContext, strategy: Any) -> Any:
    """Fail as `ast.parse` does."""
    if context.operation is not None and context.operation.method.upper() == "GET":
        raise SystemError("AST constructor recursion depth mismatch (before=66, after=92)")
    return strategy
