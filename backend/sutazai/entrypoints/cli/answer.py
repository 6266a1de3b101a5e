"""Show a run as it goes, and the answer it ends with."""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.text import Text

from sutazai.entrypoints.cli.follow import RunEvent
from sutazai.entrypoints.cli.render import clean, one_line, say, seconds_between
from sutazai.entrypoints.cli.shapes import Citation, Run, RunResult
from sutazai.entrypoints.cli.speech import Speech

QUOTE_LENGTH = 240


class StepLog:
    """Print each step of a run as it happens.

    On a terminal a spinner shows that work goes on, and what a step says is printed as it comes.
    """

    def __init__(self, console: Console) -> None:
        """Print to `console`."""
        self._console = console
        self._started: dict[str, datetime | None] = {}
        self._status: Status | None = None
        self._speech = Speech(console, self._hush)

    @property
    def said(self) -> str | None:
        """Give the text that was printed as it came, where nothing of it is missing."""
        return self._speech.said

    def spinner(self) -> AbstractContextManager[object]:
        """Give a context in which a spinner runs below the lines, on terminals only."""
        if not self._console.is_terminal:
            return nullcontext()
        self._status = self._console.status("[dim]waiting for an agent[/dim]", spinner="dots")
        return self._status

    def rest(self) -> None:
        """End the line that was begun, if any."""
        self._speech.pause()

    def show(self, event: RunEvent) -> None:
        """Print what one event tells."""
        step = clean(str(event.data.get("step", "")))
        match event.type:
            case "step.started":
                self._start(step, event)
            case "step.progress":
                self._line("  ", (f"{step}: {_progress(event.data)}", "dim"))
            case "step.succeeded":
                self._speech.end(str(event.data.get("task")))
                self._line(("✓ ", "green"), (step, "bold"), self._took(step, event))
            case "step.failed":
                self._speech.end(str(event.data.get("task")))
                self._failed(step, event)
            case "step.text" if self._console.is_terminal:
                self._speech.hear(event.data)
            case "step.reset" if self._console.is_terminal:
                if self._speech.reset(event.data):
                    self._line("  ", (f"{step}: it revised what it wrote", "dim"))
            case _:
                # The other kinds are told by the steps around them, or by how the command ends.
                return

    def _start(self, step: str, event: RunEvent) -> None:
        self._started[step] = event.at
        attempt = event.data.get("attempt", 1)
        again = f"  attempt {attempt}" if isinstance(attempt, int) and attempt > 1 else ""
        self._line(("▸ ", "cyan"), (step, "bold"), (again, "dim"))
        if self._status is not None:
            self._status.update(Text(f"{step} is at work", style="dim"))

    def _failed(self, step: str, event: RunEvent) -> None:
        reason = one_line(str(event.data.get("reason", "no reason was given")), 300)
        if event.data.get("retry"):
            self._line(("! ", "yellow"), (step, "bold"), f"  {reason}; it is tried again")
        else:
            self._line(("✗ ", "red"), (step, "bold"), f"  {reason}")

    def _took(self, step: str, event: RunEvent) -> str:
        if "kept_from" in event.data:
            return "  kept from the run before"
        took = seconds_between(self._started.get(step), event.at)
        return f"  done in {took}" if took else "  done"

    def _line(self, *parts: str | tuple[str, str]) -> None:
        self._speech.pause()
        say(self._console, *parts)

    def _hush(self, hushed: bool) -> None:
        """Let the spinner rest while text is printed."""
        if self._status is not None:
            if hushed:
                self._status.stop()
            else:
                self._status.start()


def _progress(data: dict[str, Any]) -> str:
    message = one_line(str(data.get("message", "")), 300)
    done, total = data.get("done"), data.get("total")
    if done is None:
        return message
    counted = f"{done} of {total}" if total is not None else str(done)
    return f"{message} ({counted})"


def show_answer(console: Console, run: Run, said: str | None = None) -> None:
    """Print the answer of a run that succeeded, what kind of answer it is, and its sources.

    An answer that was `said` already, printed as it came, is not printed again.
    """
    result = run.result
    if result is None or result.answer is None:
        console.print()
        say(console, f"Run {run.id} is done; it gives no answer to show.")
        return
    if said is None or said.split() != result.answer.split():
        console.print()
        say(console, result.answer.strip())
    if run.citations:
        console.print()
        say(console, ("Sources", "bold"))
        for citation in run.citations:
            show_citation(console, citation)
    console.print()
    if run.without_graph:
        say(console, (f"Answered without the graph: {one_line(run.without_graph, 300)}", "yellow"))
    say(console, _nature(result), (" · ".join(_facts(run)), "dim"))


def _nature(result: RunResult) -> tuple[str, str]:
    """Say what kind of answer it is, in words that can't be taken for more."""
    if result.grounded is False:
        return "Not grounded: no source supports this. ", "yellow"
    if result.kind == "extract":
        return "An extract: the documents' own words, no language model was used. ", "dim"
    return "Written by a language model. ", "dim"


def show_citation(console: Console, citation: Citation) -> None:
    """Print one numbered source: its file, the headings above the place, the quote."""
    heading = "".join(f" › {one_line(part, 80)}" for part in citation.heading_path)
    name, how = citation.document.name, "  by the graph" if citation.by_graph else ""
    say(console, (f"[{citation.n}] ", "cyan"), (name, "bold"), heading, (how, "dim"), indent=1)
    say(console, (f"“{one_line(citation.quote, QUOTE_LENGTH)}”", "dim"), indent=5)


def _facts(run: Run) -> list[str]:
    facts = []
    if run.result is not None and run.result.confidence is not None:
        facts.append(f"confidence {run.result.confidence} of 10")
    if took := seconds_between(run.created_at or run.started_at, run.finished_at):
        facts.append(took)
    return [*facts, f"run {run.id}"]
