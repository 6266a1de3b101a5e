"""Ports, their contract suites, their adapters, and the tests that open these."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tests.architecture.rules import FunctionNode, dotted, imports
from tests.architecture.sources import Finding, Module

KIT = PurePosixPath("packages/kit/sutazai_kit")
CORE = PurePosixPath("backend/sutazai/core")
ADAPTERS = PurePosixPath("backend/sutazai/adapters")
# PostgreSQL is the record in both profiles (docs/adr/0002), so a port of core that is met here
# alone has one adapter and needs no suite that two would share; a test opens it all the same.
RECORDS = PurePosixPath("backend/sutazai/records")
CONTRACT = PurePosixPath("tests/contract")


@dataclass(frozen=True)
class Class:
    """A class of a module: its bases and its methods, by name."""

    line: int
    name: str
    bases: frozenset[str]
    methods: frozenset[str]


@dataclass(frozen=True)
class Outline:
    """What of a module matters here."""

    module: Module
    imports: frozenset[str]
    classes: tuple[Class, ...]

    @property
    def path(self) -> PurePosixPath:
        """Give the module's path."""
        return self.module.path


@dataclass(frozen=True)
class Port:
    """A port: its module, its protocols, its adapters, and where its suite belongs."""

    outline: Outline
    protocols: tuple[Class, ...]
    adapters: tuple[tuple[Outline, Class], ...]
    suite: PurePosixPath

    @property
    def is_record(self) -> bool:
        """Tell whether PostgreSQL alone meets it."""
        places = [adapter.path for adapter, _ in self.adapters]
        return bool(places) and all(place.is_relative_to(RECORDS) for place in places)


def outline(module: Module) -> Outline:
    """Read what a module imports and defines."""
    classes = tuple(
        Class(
            node.lineno,
            node.name,
            frozenset(
                dotted(base.value if isinstance(base, ast.Subscript) else base).rpartition(".")[2]
                for base in node.bases
            ),
            frozenset(item.name for item in node.body if isinstance(item, FunctionNode)),
        )
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    )
    return Outline(module, frozenset(name for name, _ in imports(module)), classes)


def find_ports(modules: Sequence[Module]) -> tuple[list[Port], list[Outline]]:
    """Find every port: `port.py` or `ports.py` in a folder of the kit, of core or of adapters.

    Its suite, and the folder of its adapters in the backend, are named as its own folder or, where
    several ports share one, as one of its protocols. Gives also the outlines of all modules.
    """
    outlines = [outline(module) for module in modules]
    there = {item.path for item in outlines}
    ports = []
    for item in outlines:
        home = item.path.parent
        if item.path.stem not in {"port", "ports"} or not any(
            home.is_relative_to(root) for root in (KIT, CORE, ADAPTERS)
        ):
            continue
        protocols = tuple(found for found in item.classes if "Protocol" in found.bases)
        names = [home.name, *(protocol.name.lower() for protocol in protocols)]
        homes = {home, *(ADAPTERS / name for name in names)}
        if home.is_relative_to(CORE):
            homes.add(RECORDS)
        suites = [CONTRACT / name / "suite.py" for name in names]
        suite = next((suite for suite in suites if suite in there), suites[0])
        ports.append(Port(item, protocols, tuple(_adapters(protocols, homes, outlines)), suite))
    return ports, outlines


def _adapters(
    protocols: Sequence[Class], homes: set[PurePosixPath], outlines: Sequence[Outline]
) -> Iterator[tuple[Outline, Class]]:
    """Find the modules that implement a protocol, each with the class that does.

    A class implements it that names it as its base, or that has all its methods and stands where
    adapters of the port stand.
    """
    names = {protocol.name for protocol in protocols}
    for item in (o for o in outlines if o.module.product and o.path.stem not in {"port", "ports"}):
        at_home = item.path.parent in homes
        known = names & {name.rpartition(".")[2] for name in item.imports}
        for found in item.classes:
            offers = at_home and any(p.methods and p.methods <= found.methods for p in protocols)
            if "Protocol" not in found.bases and (offers or known & found.bases):
                yield item, found
                break


def missing_suites(modules: Sequence[Module]) -> Iterator[Finding]:
    """A port has a contract suite, with tests in it."""
    ports, outlines = find_ports(modules)
    by_path = {item.path: item for item in outlines}
    for port in (port for port in ports if not port.is_record):
        suite = by_path.get(port.suite)
        if suite is None:
            yield Finding(port.outline.path, 1, f"this port has no {port.suite}")
        elif not any(name.startswith("test_") for item in suite.classes for name in item.methods):
            yield Finding(suite.path, 1, "this suite holds no test")


def untested_adapters(modules: Sequence[Module]) -> Iterator[Finding]:
    """An adapter has a test module beside the suite of its port that imports both."""
    ports, outlines = find_ports(modules)
    tests = [item for item in outlines if item.path.is_relative_to("tests")]
    for port in ports:
        suite = ".".join(port.suite.with_suffix("").parts)
        beside = [
            test
            for test in tests
            if test.path.parent == port.suite.parent and test.path.name.startswith("test_")
        ]
        for adapter, found in port.adapters:
            wanted = {adapter.module.name} | (set() if port.is_record else {suite})
            if not any(wanted <= test.imports for test in (tests if port.is_record else beside)):
                where = "tests" if port.is_record else port.suite.parent
                what = f"no test in {where} opens {found.name}, an adapter of {port.outline.path}"
                yield Finding(adapter.path, found.line, what)
