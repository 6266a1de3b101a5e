"""How a client is asked and answers: lines of JSON on its standard input and output."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any


def answer_with(commands: Mapping[str, Callable[..., Any]]) -> None:
    """Be a client: say that it is ready, then do what each line of standard input asks for."""
    say("ready")
    for line in sys.stdin:
        words = json.loads(line)
        say(commands[words.pop("do")](**words))


def say(words: Any) -> None:
    """Say a line to whoever started this process."""
    print(json.dumps(words), flush=True)
