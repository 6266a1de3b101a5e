import asyncio

from sutazai_contracts.tasks import Refused
from sutazai_kit.testing import run_agent
from word_counter import counter


def test_words_are_counted() -> None:
    done = asyncio.run(run_agent(counter, {"text": "to be or not to be"}))
    assert done.output.words == {"to": 2, "be": 2, "or": 1, "not": 1}
    assert done.usage == {"words": 6}


def test_a_text_without_words_is_refused() -> None:
    done = asyncio.run(run_agent(counter, {"text": " "}))
    assert done.result == Refused(reason="the text has no words")
