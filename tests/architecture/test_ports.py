"""Every port has its contract suite, and every adapter a test that opens it."""

from pathlib import PurePosixPath

from tests.architecture.ports import find_ports, missing_suites, untested_adapters
from tests.architecture.sources import Module, modules

PORT = "packages/kit/sutazai_kit/lamp/port.py"
TWIN = "packages/kit/sutazai_kit/lamp/memory.py"
SUITE = "tests/contract/lamp/suite.py"
TEST = "tests/contract/lamp/test_memory.py"
CORE_ADAPTER = "backend/sutazai/adapters/lamp/postgres.py"
SOURCES = {
    PORT: "class Lamp(Protocol):\n    def light(self): ...\n    async def aclose(self): ...\n",
    TWIN: "class MemoryLamp:\n    def light(self): ...\n    async def aclose(self): ...\n",
    SUITE: "class LampContract:\n    def test_it_lights(self): ...\n",
    TEST: (
        "from sutazai_kit.lamp.memory import MemoryLamp\n"
        "from tests.contract.lamp.suite import LampContract\n"
    ),
}


def house(**changes: str | None) -> list[Module]:
    """Build a house of one port, changed by path (`None` takes a file away)."""
    sources = {**SOURCES, **changes}
    return [Module(PurePosixPath(path), text) for path, text in sources.items() if text is not None]


def test_every_port_has_its_suite() -> None:
    found = [str(finding) for finding in missing_suites(modules())]
    assert not found, "\n".join(found)


def test_every_adapter_is_opened_by_a_test() -> None:
    found = [str(finding) for finding in untested_adapters(modules())]
    assert not found, "\n".join(found)


def test_the_gate_sees_the_ports_of_the_kit() -> None:
    ports, _ = find_ports(modules())
    names = {port.outline.path.parent.name for port in ports}
    assert {"bus", "embeddings", "files", "ledger", "vectors"} <= names
    assert all(port.protocols for port in ports)


def test_a_complete_house_is_fine() -> None:
    assert list(missing_suites(house())) == []
    assert list(untested_adapters(house())) == []


def test_a_missing_or_empty_suite_is_found() -> None:
    assert [str(f.path) for f in missing_suites(house(**{SUITE: None}))] == [PORT]
    assert [str(f.path) for f in missing_suites(house(**{SUITE: "x = 1"}))] == [SUITE]


def test_an_adapter_without_a_test_is_found() -> None:
    assert [str(f.path) for f in untested_adapters(house(**{TEST: None}))] == [TWIN]


def test_a_test_that_does_not_use_the_suite_is_not_enough() -> None:
    alone = house(**{TEST: "from sutazai_kit.lamp.memory import MemoryLamp\n"})
    assert [str(f.path) for f in untested_adapters(alone)] == [TWIN]


def test_an_adapter_in_core_is_found_by_place_and_by_base() -> None:
    by_place = house(**{CORE_ADAPTER: SOURCES[TWIN]})
    assert [str(f.path) for f in untested_adapters(by_place)] == [CORE_ADAPTER]
    elsewhere = "backend/sutazai/records/lamp.py"
    source = "from sutazai_kit.lamp.port import Lamp\nclass Row(Lamp):\n    pass\n"
    by_base = house(**{elsewhere: source})
    assert [str(f.path) for f in untested_adapters(by_base)] == [elsewhere]


def test_a_port_of_core_may_be_named_by_its_protocol() -> None:
    port, adapter = "backend/sutazai/core/rooms/port.py", "backend/sutazai/adapters/lamp/sql.py"
    named = house(
        **{PORT: None, TWIN: None, TEST: None, port: SOURCES[PORT], adapter: SOURCES[TWIN]}
    )
    assert list(missing_suites(named)) == []
    assert [str(f.path) for f in untested_adapters(named)] == [adapter]


def test_a_port_that_the_record_alone_meets_needs_a_test_but_no_suite() -> None:
    port, record = "backend/sutazai/core/lamp/ports.py", "backend/sutazai/records/lamp.py"
    test = "tests/integration/lamp/conftest.py"
    source = SOURCES[TWIN].replace("MemoryLamp", "SqlLamp")
    alone = {PORT: None, TWIN: None, SUITE: None, TEST: None, port: SOURCES[PORT], record: source}
    opened = house(**alone, **{test: "from sutazai.records.lamp import SqlLamp\n"})
    assert list(missing_suites(opened)) == []
    assert list(untested_adapters(opened)) == []
    assert [str(f.path) for f in untested_adapters(house(**alone))] == [record]
    unmet = house(**{**alone, record: None})
    assert [str(f.path) for f in missing_suites(unmet)] == [port]


def test_a_module_beside_the_adapter_is_none() -> None:
    beside = house(**{"packages/kit/sutazai_kit/lamp/colours.py": "class Red:\n    pass\n"})
    assert list(untested_adapters(beside)) == []
