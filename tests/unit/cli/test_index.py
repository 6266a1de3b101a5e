"""`sutazai index rebuild`, against a real HTTP server of the API's shapes."""

from pathlib import Path

from tests.unit.cli.conftest import Run
from tests.unit.cli.platform_server import PlatformServer


def test_a_collection_is_rebuilt(cli: Run, home: Path, platform: PlatformServer) -> None:
    ended = cli("--home", home, "index", "rebuild", "default")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == (
        "default: done; it is searched by the new vectors from now on"
    )


def test_all_are_rebuilt_where_none_is_named(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    platform.collections["handbook"] = {}
    ended = cli("--home", home, "index", "rebuild", "--json")
    assert ended.code == 0
    items = ended.json["items"]
    assert isinstance(items, list)
    assert [(run["collection"], run["status"]) for run in items] == [
        ("default", "succeeded"),
        ("handbook", "succeeded"),
    ]


def test_one_that_fails_is_an_error_with_the_reason(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    platform.knobs.fail_run = "the chunks of a.md are not in the file store any more"
    ended = cli("--home", home, "index", "rebuild")
    assert ended.code == 1
    assert "Not rebuilt: default." in ended.err
    assert "the chunks of a.md" in ended.err


def test_a_collection_that_is_not_there_is_said(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    assert cli("--home", home, "index", "rebuild", "nope").code == 4
