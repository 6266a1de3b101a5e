"""`sutazai doctor`: what it sees on this machine, in a home folder, and of a running platform."""

import json
import socket
import sys
from pathlib import Path

import pytest

from sutazai.bootstrap.processes.instance import hold_instance
from sutazai.entrypoints.cli import checks
from tests.unit.cli.conftest import Ended, Run, write_credentials
from tests.unit.cli.platform_server import PlatformServer


@pytest.fixture
def free_port(monkeypatch: pytest.MonkeyPatch) -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    monkeypatch.setenv("SUTAZAI_API_PORT", str(port))
    return port


def findings(ended: Ended) -> dict[str, dict[str, str]]:
    listed = ended.json["checks"]
    assert isinstance(listed, list)
    return {check["name"]: check for check in listed}


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(
    cli: Run, tmp_path: Path, free_port: int
) -> None:
    home = tmp_path / "new"
    ended = cli("--home", home, "doctor", "--json")
    seen = findings(ended)
    assert (ended.code, ended.json["healthy"]) == (0, True)
    states = {name: check["state"] for name, check in seen.items()}
    assert states.pop("sockets") in ("ok", "note")
    assert states == {
        "python": "ok",
        "weights": "ok",
        "torch": "ok",
        "disk": "ok",
        "home": "note",
        "credentials": "note",
        "secrets": "note",
        "instance": "note",
        "port": "ok",
    }
    assert f"--home {home} run" in seen["instance"]["remedy"]
    assert not home.exists()


def test_the_lines_carry_a_mark_and_a_remedy(cli: Run, home: Path, free_port: int) -> None:
    home.chmod(0o755)
    (home / "credentials.json").chmod(0o644)
    ended = cli("--home", home, "doctor")
    assert ended.code == 1
    assert "✓ python " in ended.out
    assert "✗ home         " in ended.out
    assert f"→ Close it: `chmod 700 {home}`." in ended.out
    assert f"→ Close it: `chmod 600 {home / 'credentials.json'}`." in ended.out
    assert "checks failed." in ended.out


def test_damaged_credentials_are_found(cli: Run, home: Path, free_port: int) -> None:
    (home / "credentials.json").write_text("{}")
    seen = findings(cli("--home", home, "doctor", "--json"))
    assert "is damaged" in seen["credentials"]["detail"]


def test_a_running_platform_is_asked_how_it_is(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    with hold_instance(home, api_url=platform.url):
        ended = cli("--home", home, "doctor", "--json")
    seen = findings(ended)
    assert ended.code == 0
    assert seen["instance"]["state"] == "ok"
    assert seen["instance"]["detail"].startswith("running: process ")
    assert seen["port"]["detail"].endswith(" answers")
    assert seen["api"]["detail"] == f"ready at {platform.url} (database, embedder)"


def test_an_instance_that_shuts_down_is_told_apart(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    with hold_instance(home, api_url=platform.url) as instance:
        instance.stopping()
        seen = findings(cli("--home", home, "doctor", "--json"))
    assert seen["instance"]["detail"].startswith("stopping: process ")
    assert "api" not in seen


def test_an_instance_that_does_not_answer_is_a_failure(
    cli: Run, home: Path, free_port: int
) -> None:
    with hold_instance(home, api_url=f"http://127.0.0.1:{free_port}"):
        ended = cli("--home", home, "doctor", "--json")
    seen = findings(ended)
    assert ended.code == 1
    assert (seen["port"]["state"], seen["api"]["state"]) == ("failed", "failed")


def test_another_program_on_the_port_is_a_failure(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    ended = cli("--home", home, "doctor", "--json")
    assert ended.code == 1
    assert findings(ended)["port"]["detail"].startswith("another program listens on 127.0.0.1:")


def test_a_part_that_is_not_ready_is_named(cli: Run, home: Path, platform: PlatformServer) -> None:
    platform.knobs.health = {
        "ready": False,
        "parts": [
            {"name": "database", "ok": True, "detail": ""},
            {"name": "embedder", "ok": False, "detail": "did not answer within 2 s"},
        ],
    }
    with hold_instance(home, api_url=platform.url):
        ended = cli("--home", home, "doctor", "--json")
    assert ended.code == 1
    assert findings(ended)["api"]["detail"] == "not ready: embedder: did not answer within 2 s"


def test_a_home_that_is_no_folder_or_can_not_be_made_is_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert checks.check_home(tmp_path / "file").state == "failed"
    assert checks.check_home(tmp_path / "file" / "home").state == "failed"


def test_what_is_missing_or_too_much_is_found(tmp_path: Path) -> None:
    assert checks.check_python((3, 10, 4)).state == "failed"
    assert "not installed" in checks.check_weights("no-such-distribution").detail
    assert "has lost its file" in checks.check_weights("typer").detail
    found = checks.check_torch("typer")
    assert (found.state, f"{sys.executable} -m pip uninstall" in str(found.remedy)) == (
        "failed",
        True,
    )
    assert checks.check_disk(tmp_path, needed=1 << 60).state == "failed"
    assert checks.check_socket(tmp_path / ("x" * 100)).state == "note"


def test_what_answers_but_is_no_platform_is_found(
    cli: Run, home: Path, platform: PlatformServer
) -> None:
    with hold_instance(home, api_url=f"{platform.url}/somewhere"):
        seen = findings(cli("--home", home, "doctor", "--json"))
    assert "does not answer as SutazAI does" in seen["api"]["detail"]


def test_the_check_changes_no_file(cli: Run, home: Path, free_port: int) -> None:
    write_credentials(home, "http://127.0.0.1:1")
    before = sorted((path.name, path.read_bytes()) for path in home.iterdir())
    cli("--home", home, "doctor")
    assert sorted((path.name, path.read_bytes()) for path in home.iterdir()) == before
    assert json.loads(before[0][1])["api_url"] == "http://127.0.0.1:1"


def test_it_closes_what_others_can_read_and_changes_nothing_unasked(
    cli: Run, home: Path, free_port: int
) -> None:
    (home / "secrets").mkdir(mode=0o755)
    (home / "secrets" / "tokens.key").write_text("00")
    opened = {home: 0o755, home / "credentials.json": 0o644, home / "secrets/tokens.key": 0o640}
    for path, mode in opened.items():
        path.chmod(mode)
    told = cli("--home", home, "doctor")
    assert told.code == 1
    assert f"$ chmod 600 {home / 'credentials.json'}" in told.out.replace("\n", " ")
    assert "`sutazai doctor --fix` runs what closes files to others." in told.out
    assert {path: path.stat().st_mode & 0o777 for path in opened} == opened

    mended = cli("--home", home, "doctor", "--fix", "--json")
    states = {name: check["state"] for name, check in findings(mended).items()}
    assert [states[name] for name in ("home", "credentials", "secrets")] == ["ok"] * 3
    assert f"chmod 700 {home}" in str(mended.json["mended"])
    assert all(not path.stat().st_mode & 0o077 for path in (*opened, home / "secrets"))
    again = cli("--home", home, "doctor", "--fix", "--json")
    assert again.json["mended"] == []


def test_what_is_not_safe_is_told_and_not_run(cli: Run, home: Path, free_port: int) -> None:
    seen = findings(cli("--home", home, "doctor", "--fix", "--json"))
    assert list(seen["instance"]["command"]) == ["sutazai", "--home", str(home), "run"]
    assert not seen["instance"]["safe"]
