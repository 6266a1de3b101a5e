"""`sutazai doctor`: look at this installation, with or without a running platform."""

from typing import TYPE_CHECKING

import typer

from sutazai.entrypoints.cli.errors import ExitCode
from sutazai.entrypoints.cli.session import HomeOption, JsonOption, read_settings

if TYPE_CHECKING:
    from sutazai.entrypoints.cli.checks import Finding

_MARKS = {"ok": ("✓ ", "green"), "note": ("· ", "dim"), "failed": ("✗ ", "red")}


def doctor(context: typer.Context, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Look at this installation and say what is wrong and what to do about it.

    Works without a running platform. Changes nothing.

    [dim]Examples[/dim]

      sutazai doctor
      sutazai doctor --home ./.sutazai --json
    """
    from sutazai.entrypoints.cli.checks import examine

    findings = list(examine(read_settings(context, home)))
    if as_json:
        _as_json(findings)
    else:
        _as_lines(findings)
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


def _as_json(findings: "list[Finding]") -> None:
    from dataclasses import asdict

    from sutazai.entrypoints.cli.render import print_json

    healthy = all(finding.state != "failed" for finding in findings)
    print_json({"healthy": healthy, "checks": [asdict(finding) for finding in findings]})


def _as_lines(findings: "list[Finding]") -> None:
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
        made.add_row(Text.assemble(_MARKS[finding.state], finding.name), detail)
    console.print(made)
    failed = sum(finding.state == "failed" for finding in findings)
    console.print()
    verdict = f"{plural(failed, 'check')} failed." if failed else "Nothing is wrong."
    say(console, (verdict, "bold red" if failed else "bold green"))
