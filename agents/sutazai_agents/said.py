"""What was said before, as models are shown it: quoted, so that nothing in it can pass for ours."""

import json
import re

from sutazai_contracts.conversations import Exchange

# A mark such as [2] would pass for the number of a passage.
_MARK = re.compile(r"\[(\d{1,4})\]")


def shown(exchange: Exchange) -> str:
    """Show an exchange on lines of its own, each text as one quoted line."""
    lines = [f"Asked: {_quoted(exchange.question)}\n"]
    if exchange.answer:
        lines.append(f"Answered: {_quoted(exchange.answer)}\n")
    return "".join(lines)


def _quoted(text: str) -> str:
    return json.dumps(_MARK.sub(r"(\1)", text), ensure_ascii=False)
