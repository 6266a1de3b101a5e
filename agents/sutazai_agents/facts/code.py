"""What source code imports, defines and calls: Python by its grammar, others by their lines."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from sutazai_agents.documents.parsed import lines
from sutazai_agents.facts.found import Found, Said, Thing, shown
from sutazai_contracts.graph import EntityKind, RelationKind

# A tree takes hundreds of times what its text does, and to make it all else in the process waits.
_LARGEST_FOR_AST = 64_000
_LONGEST_LINE = 300
_PATH = r"[\w@$./:~-]{1,200}"
_IMPORT = re.compile(
    rf"""[ \t]{{0,40}}(?:
    \#[ \t]*include[ \t]*[<"](?P<include>{_PATH})[>"]
    | (?:import|export)\b[^'"\n]{{0,200}}\bfrom[ \t]*['"](?P<from>{_PATH})['"]
    | import[ \t]+['"](?P<quoted>{_PATH})['"]
    | [^\n]{{0,100}}?\brequire[ \t(]{{1,4}}['"](?P<required>{_PATH})['"]
    | (?:import|use|using)[ \t]+(?:static[ \t]+)?(?P<dotted>\w[\w.:]{{0,200}})[ \t]*(?:;|$|as\b|\{{)
    )""",
    re.VERBOSE,
)


@dataclass(slots=True)
class CodeFacts:
    """What was found in a program, by where it stands."""

    found: list[Found] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)

    def add(self, subject: Found, kind: RelationKind, what: Found) -> None:
        """Add that one thing is joined to another, where the other is named."""
        if subject.thing != what.thing:
            self.found.append(what)
            self.found.append(Found(subject.thing, subject.name, what.start, what.end))
            self.said.append(Said(subject.thing, kind, what.thing, what.start, what.end))


def code_facts(text: str, language: str, document: Found) -> CodeFacts:
    """Find what a program imports, defines and calls.

    Args:
        text: the program.
        language: as `documents.source` names it.
        document: the document it is, as an entity.
    """
    if language == "python" and len(text) <= _LARGEST_FOR_AST:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass  # Python of another time, or none at all
        else:
            return _Python(text, document).read(tree)
    return _by_lines(text, document)


def _by_lines(text: str, document: Found) -> CodeFacts:
    facts = CodeFacts()
    start = 0
    for line in text.split("\n"):
        if len(line) <= _LONGEST_LINE and (match := _IMPORT.match(line)):
            name = next(value for value in match.groups() if value is not None)
            thing = Thing(EntityKind.MODULE, shown(name))
            begin = start + line.index(name)
            module = Found(thing, shown(name), begin, begin + len(name))
            facts.add(document, RelationKind.IMPORTS, module)
        start += len(line) + 1
    return facts


class _Python:
    """One program in Python."""

    def __init__(self, text: str, document: Found) -> None:
        self._text = text
        self._document = document
        self._facts = CodeFacts()
        self._starts = [0, *(following for _, following, _ in lines(text))]
        self._modules: set[str] = set()
        self._symbols: set[str] = set()

    def read(self, tree: ast.Module) -> CodeFacts:
        """Read imports and definitions first: calls are of what these name."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self._import(node)
            elif isinstance(node, ast.ImportFrom):
                self._import_from(node)
        defined = list(_defined(tree))
        self._symbols.update(name for name, _ in defined)
        for name, node in defined:
            symbol = self._found(EntityKind.SYMBOL, name, node)
            self._facts.add(self._document, RelationKind.DEFINES, symbol)
        for name, node in defined:
            if not isinstance(node, ast.ClassDef):
                self._calls(self._found(EntityKind.SYMBOL, name, node), node)
        return self._facts

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._modules.add(alias.asname or alias.name.partition(".")[0])
            module = self._found(EntityKind.MODULE, alias.name, node)
            self._facts.add(self._document, RelationKind.IMPORTS, module)

    def _import_from(self, node: ast.ImportFrom) -> None:
        self._symbols.update(alias.name for alias in node.names if alias.asname is None)
        module = self._found(EntityKind.MODULE, "." * node.level + (node.module or ""), node)
        self._facts.add(self._document, RelationKind.IMPORTS, module)

    def _calls(self, caller: Found, body: ast.AST) -> None:
        for node in ast.walk(body):
            if isinstance(node, ast.Call) and (name := self._called(node.func)) is not None:
                what = self._found(EntityKind.SYMBOL, name, node)
                self._facts.add(caller, RelationKind.CALLS, what)

    def _called(self, node: ast.expr) -> str | None:
        """Name what is called, where it is defined here or imported."""
        if isinstance(node, ast.Name):
            return node.id if node.id in self._symbols else None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return node.attr if node.value.id in self._modules else None
        return None

    def _found(self, kind: EntityKind, name: str, node: ast.stmt | ast.expr) -> Found:
        """Place a thing on the line of a node, at its name where that is there."""
        first = min(node.lineno, len(self._starts) - 1) - 1
        start, end = self._starts[first], self._starts[first + 1]
        at = self._text.find(name, start, end)
        if at >= 0:
            start, end = at, at + len(name)
        return Found(Thing(kind, shown(name)), shown(name), start, end)


def _defined(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{node.name}.{member.name}", member
