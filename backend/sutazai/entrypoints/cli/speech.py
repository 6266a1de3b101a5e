"""Live text on a terminal: what a step says, as it says it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len, chop_cells
from rich.console import Console

from sutazai.entrypoints.cli.render import clean


@dataclass
class Spoken:
    """A task's newest text; not `whole` where a part of it was missed.

    One that takes the place of a text that was printed is `silent`: the answer is printed in the
    end, and the same words again and again help nobody.
    """

    version: tuple[int, int] = (0, 0)
    silent: bool = False
    text: str = ""
    end: int = 0
    whole: bool = True
    printed: int = 0

    def take(self, offset: int, text: str) -> None:
        """Add what is new of a piece: after a break in the connection the text comes again."""
        if offset > self.end:
            self.whole, self.end = False, offset
            self.text += " … "
        fresh = text[self.end - offset :]
        self.text, self.end = self.text + fresh, self.end + len(fresh)

    def unprinted(self) -> str:
        """Give what was not printed yet, and count it as printed."""
        piece, self.printed = self.text[self.printed :], len(self.text)
        return piece


class Flow:
    """Print text that comes in pieces, its lines broken between words."""

    def __init__(self, console: Console) -> None:
        """Print to `console`."""
        self._console = console
        self._word, self._spaces, self._column = "", 0, 0

    def write(self, text: str) -> None:
        """Print a piece; its last word waits for its end."""
        out = "".join(self._take(character) for character in clean(text))
        if out:
            self._console.out(out, end="", highlight=False)

    def finish(self) -> None:
        """Print the word that waits, and end the line."""
        self._console.out(self._place(), end="", highlight=False)
        self.break_line()

    def break_line(self) -> None:
        """End the line where one was begun; the word that waits goes on the next."""
        if self._column:
            self._console.out("")
        self._column = self._spaces = 0

    def _take(self, character: str) -> str:
        if character not in " \t\n":
            self._word += character
            return ""
        out = self._place()
        if character == "\n":
            self._column = self._spaces = 0
            return out + "\n"
        self._spaces += 1
        return out

    def _place(self) -> str:
        """Give the word that waits with the spaces before it, or on a line of its own."""
        word, self._word = self._word, ""
        if not word:
            return ""
        width = max(1, self._console.width)
        spaces, self._spaces = " " * self._spaces, 0
        if self._column + len(spaces) + cell_len(word) <= width:
            self._column += len(spaces) + cell_len(word)
            return spaces + word
        lines = chop_cells(word, width)
        before = "\n" if self._column else ""
        self._column = cell_len(lines[-1])
        return before + "\n".join(lines)


class Speech:
    """Print what steps say, one step at a time; another that speaks meanwhile has to wait."""

    def __init__(self, console: Console, quiet: Callable[[bool], None]) -> None:
        """Take where to print, and whom to tell that text begins (True) or is over (False)."""
        self._flow, self._quiet = Flow(console), quiet
        self._console = console
        self._spoken: dict[str, Spoken] = {}
        self._speaker: str | None = None
        self._shown: Spoken | None = None

    @property
    def said(self) -> str | None:
        """Give the text that was printed last, where nothing of it is missing."""
        shown = self._shown
        return shown.text if shown is not None and shown.whole else None

    def hear(self, data: dict[str, Any]) -> None:
        """Print a piece of text."""
        task, version = str(data.get("task")), _version(data)
        text, offset = data.get("text"), data.get("offset")
        if not (isinstance(text, str) and isinstance(offset, int) and version is not None):
            return
        spoken = self._spoken.setdefault(task, Spoken(version))
        if version < spoken.version:
            return
        if version > spoken.version:
            spoken = self._anew(task, version)
        spoken.take(offset, text)
        if spoken.silent:
            return
        if self._speaker in (None, task) and (piece := spoken.unprinted()):
            if self._speaker is None:
                self._speaker = task
                self._quiet(True)
                self._console.print()
            self._shown = spoken
            self._flow.write(piece)

    def reset(self, data: dict[str, Any]) -> bool:
        """Forget what a step said: it is void. True: its text was revised after it was printed."""
        task, version = str(data.get("task")), _version(data)
        spoken = self._spoken.get(task)
        if spoken is None or version is None or version <= spoken.version:
            return False
        return self._anew(task, version).silent

    def _anew(self, task: str, version: tuple[int, int]) -> Spoken:
        void = self._spoken[task]
        if self._shown is void:
            self._shown = None
        self.end(task)
        revised = version[0] == void.version[0]
        self._spoken[task] = Spoken(version, silent=revised and (void.silent or void.printed > 0))
        return self._spoken[task]

    def end(self, task: str) -> None:
        """Hear that a step's attempt is over."""
        if self._speaker == task:
            self._flow.finish()
            self._speaker = None
            self._quiet(False)

    def pause(self) -> None:
        """End the line there is: another has to be printed."""
        if self._speaker is not None:
            self._flow.break_line()


def _version(data: dict[str, Any]) -> tuple[int, int] | None:
    """Give attempt and revision of a piece or a reset; None: it does not say."""
    attempt, revision = data.get("attempt"), data.get("revision", 0)
    if isinstance(attempt, int) and isinstance(revision, int):
        return attempt, revision
    return None
