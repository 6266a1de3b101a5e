"""Read server-sent events, by the rules of the HTML standard ("Interpreting an event stream").

httpx2 reads them too, but gives each event the last id seen, as browsers do. Here a frame without
an id is one that is not durable, and that has to stay visible: `id` is that of the very event.
"""

import codecs
import re
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class ServerEvent:
    """One event of a stream; `id` is None where the event itself carried none."""

    type: str
    data: str
    id: str | None = None


class EventStreamParser:
    """Turn the bytes of an event stream, in pieces of any size, into events."""

    def __init__(self) -> None:
        """Start at the beginning of a stream."""
        # utf-8-sig drops the one byte order mark the standard allows at the start.
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._rest = ""
        self._skip_newline = False
        self._reset()

    def _reset(self) -> None:
        self._type = ""
        self._data: list[str] = []
        self._id: str | None = None

    def feed(self, piece: bytes) -> list[ServerEvent]:
        """Take the next bytes; give the events they complete. What no blank line ended is kept."""
        text = self._decoder.decode(piece)
        if text and self._skip_newline:
            text = text.removeprefix("\n")
            self._skip_newline = False
        if not text:
            return []
        # A line may end in CR alone, so it counts at once; the LF of a CRLF cut in two is dropped.
        self._skip_newline = text.endswith("\r")
        *lines, self._rest = _LINE_END.split(self._rest + text)
        return [event for line in lines if (event := self._line(line)) is not None]

    def _line(self, line: str) -> ServerEvent | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._type = value
        elif field == "id" and "\0" not in value:
            self._id = value
        return None

    def _dispatch(self) -> ServerEvent | None:
        event = ServerEvent(self._type or "message", "\n".join(self._data), self._id)
        empty = not self._data
        self._reset()
        return None if empty else event
