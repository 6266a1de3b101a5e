"""Completion as bash does it: installed by the program itself, and asked by pressing Tab."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("sutazai")
# What bash does when Tab is pressed after a line: it calls the function for the program's name.
PRESS_TAB = """
source ~/.bashrc
COMP_WORDS=({words}) COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_sutazai_completion sutazai
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def bash(home: Path, script: str) -> str:
    environment = {
        "HOME": str(home),
        "SHELL": "/bin/bash",
        "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.requirement("H2", part="shell completion")
def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    assert "installed" in bash(tmp_path, "sutazai --install-completion bash")

    def tab(words: str) -> list[str]:
        return bash(tmp_path, PRESS_TAB.format(words=words)).split()

    assert tab("sutazai ba") == ["backup"]
    assert {"runs", "restore", "run"} <= set(tab("sutazai r"))
    assert tab("sutazai runs wa") == ["watch"]
    assert "--fix" in tab("sutazai doctor --f")
