"""How a model's text is said while it comes: what watchers read, and when they read something."""

from collections.abc import AsyncGenerator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sutazai_agents.writer.generating import draft
from sutazai_contracts.models import ModelRequest, Usage
from sutazai_kit import AgentContext
from sutazai_kit.model.port import Delta, Finished
from sutazai_kit.slots.port import Chosen
from tests.unit.writer.passages import passage

CHOSEN = Chosen(model="one", provider="ollama", num_ctx=2048, json_schema=True)


class Told:
    """What watchers were told, in order: words, and `<on its way>` each time it was called."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self.heard: list[str] = []
        self._pieces = pieces
        self.models = SimpleNamespace(stream=self._stream)

    async def say(self, text: str) -> None:
        if text:
            self.heard.append(text)

    def on_its_way(self) -> None:
        self.heard.append("<on its way>")

    async def _stream(
        self, chosen: Chosen, request: ModelRequest
    ) -> AsyncGenerator[Delta | Finished, None]:
        for piece in self._pieces:
            yield Delta(piece)
        yield Finished(
            "stop", Usage(prompt_tokens=1, completion_tokens=1, first_token_s=0, total_s=0)
        )


@pytest.mark.parametrize("before", [(), ("\n",), (" ", "\n\n", " ")])
async def test_what_else_is_to_do_begins_once_something_can_be_read(before: Sequence[str]) -> None:
    told = Told([*before, " Four", " euros", " [1]. "])
    ctx = cast("AgentContext", cast("Any", told))
    made = await draft("What?", [passage("Four.")], CHOSEN, ctx, on_its_way=told.on_its_way)
    assert told.heard[:3] == ["Four", " euros", "<on its way>"]
    assert "".join(word for word in told.heard if word[0] != "<") == made.text == "Four euros [1]."
