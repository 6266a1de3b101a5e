"""The house's rules that one module can break on its own. Each rule yields what breaks it."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from tests.architecture.sources import Finding, Module

Rule = Callable[[Module], Iterator[Finding]]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

MODULE_LINES = 400
TEST_MODULE_LINES = 600
FUNCTION_LINES = 50
# What may be longer than the rule says, and why: "path" or "path::function" -> reason.
LENGTH_EXCEPTIONS: dict[str, str] = {}

VAGUE = re.compile(r"utils?|helpers?|common|misc|managers?|stuff|base|shared|lib|tools?")
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb"}
SETTINGS = PurePosixPath("backend/sutazai/settings.py")
BROAD_ALLOWED = (
    PurePosixPath("backend/sutazai/entrypoints"),
    # The agent runner: a handler may raise anything, and an agent must outlive what it asks.
    PurePosixPath("packages/kit/sutazai_kit/runner.py"),
    PurePosixPath("packages/kit/sutazai_kit/execution.py"),
)
BROAD = {"Exception", "BaseException"}
# Calls that open, connect, start or read: by their last name, whatever they are called on.
OPENS = {
    "AsyncClient", "Client", "EdgeShard", "InferenceSession", "Popen", "ProcessPoolExecutor",
    "Redis", "ThreadPoolExecutor", "check_call", "check_output", "connect", "create_async_engine",
    "create_connection", "create_engine", "create_pool", "create_server", "from_url", "getaddrinfo",
    "get_server", "mkdir", "open", "read_bytes", "read_text", "serve", "start_server", "urlopen",
    "write_bytes", "write_text",
}  # fmt: skip
OPENS_IN_FULL = {
    "asyncio.run",
    "subprocess.run",
    "socket.socket",
    "os.makedirs",
    "threading.Thread",
}


def module_length(module: Module) -> Iterator[Finding]:
    """Module at most 400 lines, a module of tests at most 600."""
    bound = TEST_MODULE_LINES if module.path.is_relative_to("tests") else MODULE_LINES
    lines = len(module.text.splitlines())
    if lines > bound and str(module.path) not in LENGTH_EXCEPTIONS:
        yield Finding(module.path, 1, f"{lines} lines, the bound is {bound}: split it by subject")


def function_length(module: Module) -> Iterator[Finding]:
    """Function at most 50 lines, its decorators left out."""
    for node in ast.walk(module.tree):
        if isinstance(node, FunctionNode) and node.end_lineno:
            lines = node.end_lineno - node.lineno + 1
            if lines > FUNCTION_LINES and f"{module.path}::{node.name}" not in LENGTH_EXCEPTIONS:
                yield Finding(module.path, node.lineno, f"{node.name}() has {lines} lines")


def vague_name(module: Module) -> Iterator[Finding]:
    """Modules and folders are named by their subject."""
    for part in (*module.path.parts[:-1], module.path.stem):
        if VAGUE.fullmatch(part.strip("_")):
            yield Finding(module.path, 1, f"{part!r} says nothing of what is in it")


def environment_read(module: Module) -> Iterator[Finding]:
    """The environment is read in settings.py alone."""
    if not module.product or module.path == SETTINGS:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            names = {dotted(node)}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
        else:
            continue
        if names & ENVIRONMENT:
            yield Finding(module.path, node.lineno, "the environment is read in settings.py alone")


def broad_except(module: Module) -> Iterator[Finding]:
    """No broad except outside entry points and the agent runner.

    One that tidies up and raises again hides nothing: its last statement is a bare `raise`.
    """
    if any(module.path.is_relative_to(allowed) for allowed in BROAD_ALLOWED):
        return
    for node in ast.walk(module.tree):
        caught: list[ast.expr | None]
        if isinstance(node, ast.ExceptHandler):
            last = node.body[-1]
            if isinstance(last, ast.Raise) and last.exc is None:
                continue
            caught = [*node.type.elts] if isinstance(node.type, ast.Tuple) else [node.type]
        elif isinstance(node, ast.Call) and dotted(node.func).endswith("suppress"):
            caught = [*node.args]
        else:
            continue
        if any(item is None or dotted(item) in BROAD for item in caught):
            yield Finding(module.path, node.lineno, "catches everything: name what is meant")


def opens_at_import(module: Module) -> Iterator[Finding]:
    """Nothing opens, connects, starts or reads while it is imported."""
    if not module.product:
        return
    for call in _calls_at_import(module.tree.body):
        name = dotted(call.func)
        if name.rpartition(".")[2] in OPENS or name in OPENS_IN_FULL:
            yield Finding(module.path, call.lineno, f"{name}() runs at import")


def _calls_at_import(nodes: list[ast.stmt]) -> Iterator[ast.Call]:
    """Walk what an import executes: everything but bodies of functions and of `__main__`."""
    pending: list[ast.AST] = list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Call):
            yield node
        if isinstance(node, FunctionNode):
            arguments = node.args
            pending += [*node.decorator_list, *arguments.defaults]
            pending += [default for default in arguments.kw_defaults if default]
        elif isinstance(node, ast.Lambda):
            pending += node.args.defaults
        elif isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
            continue
        else:
            pending += ast.iter_child_nodes(node)


def docstrings(module: Module) -> Iterator[Finding]:
    """Every public module, class, function and method of the product says what it is."""
    if not module.product or "/versions/" in str(module.path):
        return
    if not ast.get_docstring(module.tree):
        yield Finding(module.path, 1, "the module has no docstring")
    yield from _undocumented(module, module.tree.body)


def _undocumented(module: Module, body: list[ast.stmt]) -> Iterator[Finding]:
    for node in body:
        if not isinstance(node, FunctionNode | ast.ClassDef) or node.name.startswith("_"):
            continue
        decorators = {dotted(item).rpartition(".")[2] for item in node.decorator_list}
        if decorators & {"overload", "override", "setter"}:
            continue
        if not ast.get_docstring(node):
            yield Finding(module.path, node.lineno, f"{node.name} has no docstring")
        if isinstance(node, ast.ClassDef):
            yield from _undocumented(module, node.body)


def contracts_imports(module: Module) -> Iterator[Finding]:
    """The contracts package stands on pydantic and the standard library alone."""
    if not module.name.startswith("sutazai_contracts"):
        return
    allowed = {*sys.stdlib_module_names, "pydantic", "sutazai_contracts"}
    for name, line in imported_packages(module):
        if name not in allowed:
            yield Finding(module.path, line, f"contracts import pydantic only, not {name}")


def imports(module: Module) -> Iterator[tuple[str, int]]:
    """Give what a module imports, with lines: of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def imported_packages(module: Module) -> list[tuple[str, int]]:
    """Give the top-level packages that a module imports, with their lines."""
    return sorted({(name.partition(".")[0], line) for name, line in imports(module)})


def dotted(node: ast.AST | None) -> str:
    """Write a name, an attribute or the name of what is called; the empty string otherwise."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{dotted(node.value)}.{node.attr}"
        case ast.Call():
            return dotted(node.func)
    return ""


RULES: tuple[Rule, ...] = (
    module_length,
    function_length,
    vague_name,
    environment_read,
    broad_except,
    opens_at_import,
    docstrings,
    contracts_imports,
)
