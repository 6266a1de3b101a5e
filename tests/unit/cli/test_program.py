"""The program as a whole: help, home folder, exit codes, what it imports."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run, write_credentials
from tests.unit.cli.platform_server import PlatformServer

SERVER_PARTS = {
    "alembic",
    "asyncpg",
    "fastapi",
    "numpy",
    "onnxruntime",
    "psycopg",
    "qdrant_edge",
    "sqlalchemy",
    "starlette",
    "tokenizers",
    "uvicorn",
}
COMMANDS = [
    ["ask"],
    ["ingest"],
    ["run"],
    ["doctor"],
    ["runs"],
    ["runs", "list"],
    ["runs", "show"],
    ["runs", "watch"],
    ["runs", "cancel"],
    ["runs", "retry"],
    ["documents"],
    ["documents", "list"],
    ["documents", "text"],
    ["documents", "delete"],
    ["collections"],
    ["collections", "list"],
    ["collections", "create"],
    ["collections", "delete"],
]


def test_help_names_every_command_and_the_exit_codes(cli: Run) -> None:
    out = cli("--help").out
    for command in COMMANDS:
        assert f" {command[0]} " in out
    assert "130 interrupted" in out
    assert "4 the API refused" in out


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(cli: Run, command: list[str]) -> None:
    ended = cli(*command, "--help")
    assert ended.code == 0
    assert f"Usage: sutazai {' '.join(command)} " in ended.out
    if len(command) == 1:
        assert "Examples" in ended.out


def test_version(cli: Run) -> None:
    assert cli("--version").out.startswith("sutazai 0.")


@pytest.mark.parametrize(
    "wrong", [["ask"], ["nothing"], ["ask", "x", "--no-such"], ["runs", "-n0"]]
)
def test_wrong_usage(cli: Run, wrong: list[str]) -> None:
    assert cli(*wrong).code == 2


def test_without_credentials_the_way_to_start_is_said(cli: Run, tmp_path: Path) -> None:
    home = tmp_path / "my home"
    ended = cli("--home", home, "ask", "x")
    assert (ended.code, ended.out) == (3, "")
    assert f"No platform was set up in {home} yet." in ended.err
    assert f"`sutazai --home '{home}' run`" in ended.err


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"api_url": null}', "\x00"])
def test_damaged_credentials_are_said(cli: Run, tmp_path: Path, content: str) -> None:
    (tmp_path / "credentials.json").write_text(content)
    ended = cli("--home", tmp_path, "runs")
    assert (ended.code, "is damaged" in ended.err) == (3, True)


def test_a_platform_that_does_not_answer_is_named(cli: Run, tmp_path: Path) -> None:
    write_credentials(tmp_path, "http://127.0.0.1:1")
    ended = cli("--home", tmp_path, "ask", "x")
    assert ended.code == 3
    assert f"The platform at http://127.0.0.1:1 (home {tmp_path}) does not answer." in ended.err


def test_the_home_is_found_by_option_environment_or_folder(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".sutazai").mkdir()
    assert f"set up in {tmp_path / '.sutazai'} yet" in cli("runs").err
    monkeypatch.setenv("SUTAZAI_HOME", str(tmp_path / "named"))
    assert f"set up in {tmp_path / 'named'} yet" in cli("runs").err
    assert f"set up in {tmp_path / 'option'} yet" in cli("--home", "option", "runs").err
    assert f"set up in {tmp_path / 'b'} yet" in cli("--home", "a", "runs", "--home", "b").err
    assert f"set up in {tmp_path / 'b'} yet" in cli("runs", "--home", "b", "list").err
    assert f"set up in {tmp_path / 'c'} yet" in cli("runs", "list", "--home", "c").err


@pytest.mark.parametrize("command", ["doctor", "run"])
def test_a_setting_that_is_not_valid_is_named(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("SUTAZAI_API_PORT", "many")
    ended = cli("--home", tmp_path, command)
    assert ended.code == 2
    assert "A setting is not valid (ApiSettings): port: " in ended.err


@pytest.mark.parametrize("command", [["--help"], ["ask", "x"], ["ingest", "README"], ["runs"]])
def test_no_part_of_the_server_is_imported(
    home: Path, platform: PlatformServer, command: list[str], tmp_path: Path
) -> None:
    (tmp_path / "README").write_text("text")
    script = (
        "import json, sys\n"
        "from sutazai.entrypoints.cli import main\n"
        "code = main(json.loads(sys.argv[1]))\n"
        "sys.stderr.write(json.dumps([code, sorted({n.split('.')[0] for n in sys.modules})]))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, json.dumps(["--home", str(home), *command])],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    code, modules = json.loads(ended.stderr)
    assert code == 0
    assert SERVER_PARTS.isdisjoint(modules)
    if command == ["--help"]:
        # What help does not need would slow down every completion of a word.
        assert {"httpx2", "pydantic", "rich.progress"}.isdisjoint(modules)


def test_an_output_that_can_not_show_a_sign_is_no_error(
    home: Path, platform: PlatformServer
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "sutazai.entrypoints.cli", "--home", str(home), "ask", "x"],
        capture_output=True,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"Backups are made nightly [1]." in ended.stdout
