"""`sutazai doctor`: look at this installation, with or without a running platform."""

import shlex
import subprocess
from typing import TYPE_CHECKING, Annotated

import typer

from sutazai.entrypoints.cli.errors import ExitCode
from sutazai.entrypoints.cli.session import HomeOption, JsonOption, read_settings

if TYPE_CHECKING:
    from sutazai.entrypoints.cli.checks import Finding

_MARKS = {"ok": ("✓ ", "green"), "note": ("· ", "dim"), "failed": ("✗ ", "red")}


def doctor(
    context: typer.Context,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Run what is safe and mends a finding; look again."),
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Look at this installation and say what is wrong and what to do about it.

    Works without a running platform. Without --fix it changes nothing; with it, it closes files
    that others can read, and says so. All other commands it only tells.

    [dim]Examples[/dim]

      sutazai doctor
      sutazai doctor --fix
      sutazai doctor --home ./.sutazai --json
    """
    from sutazai.entrypoints.cli.checks import examine

    settings = read_settings(context, home)
    findings = list(examine(settings))
    mended: list[str] = []
    if fix and (mended := _mend(findings)):
        findings = list(examine(settings))
    if as_json:
        _as_json(findings, mended)
    else:
        _as_lines(findings, mended)
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


def _mend(findings: "list[Finding]") -> list[str]:
    """Run the safe commands; gives those that did their work."""
    safe = [finding.command for finding in findings if finding.safe and finding.command]
    return [
        shlex.join(command)
        for command in safe
        if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode == 0
    ]


def _as_json(findings: "list[Finding]", mended: list[str]) -> None:
    from dataclasses import asdict

    from sutazai.entrypoints.cli.render import print_json

    healthy = all(finding.state != "failed" for finding in findings)
    checks = [asdict(finding) for finding in findings]
    print_json({"healthy": healthy, "mended": mended, "checks": checks})


def _as_lines(findings: "list[Finding]", mended: list[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    from sutazai.entrypoints.cli.render import clean, open_console, plural, say

    console = open_console()
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(no_wrap=True)
    made.add_column()
    for finding in findings:
        detail = Text(clean(finding.detail))
        if finding.remedy:
            detail.append(f"\n→ {clean(finding.remedy)}", style="yellow")
        if finding.state == "failed" and finding.command:
            detail.append(f"\n$ {clean(shlex.join(finding.command))}", style="bold")
        made.add_row(Text.assemble(_MARKS[finding.state], finding.name), detail)
    console.print(made)
    failed = sum(finding.state == "failed" for finding in findings)
    console.print()
    for command in mended:
        say(console, ("Done: ", "bold"), command)
    if not mended and any(finding.safe for finding in findings):
        say(console, "`sutazai doctor --fix` runs what closes files to others.")
    verdict = f"{plural(failed, 'check')} failed." if failed else "Nothing is wrong."
    say(console, (verdict, "bold red" if failed else "bold green"))
