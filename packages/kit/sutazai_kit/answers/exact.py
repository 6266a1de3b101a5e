"""Which questions are certain to get the same answer again, and the answer given again."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from sutazai_contracts.answers import KeptAnswer
from sutazai_contracts.models import ModelRequest, Usage
from sutazai_contracts.slots import Chosen
from sutazai_kit.model.port import Delta, Finished, Structured
from sutazai_kit.model.structured import read_structured

# Part of every key: with another number nothing that was kept before is found.
FORM = 1
# Characters of a piece of an answer that is given again.
PIECE = 400


def answer_key(
    chosen: Chosen, request: ModelRequest, schema: type[BaseModel] | dict[str, Any] | None = None
) -> str | None:
    """Name a question by all that its answer hangs on; None: another time it may be another.

    Only what is asked at temperature 0, of weights that are known, in a context that is known, has
    a name. How long the answer may take is not part of it.
    """
    num_ctx = request.num_ctx if request.num_ctx is not None else chosen.num_ctx
    if request.temperature != 0 or chosen.digest is None or num_ctx is None:
        return None
    told = schema if schema is None or isinstance(schema, dict) else schema.model_json_schema()
    settled = request.model_copy(update={"model": chosen.model, "num_ctx": num_ctx})
    question = {
        "form": FORM,
        "provider": chosen.provider,
        "digest": chosen.digest,
        "request": settled.model_dump(mode="json", exclude={"deadline_s"}),
        "schema": told,
    }
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()


def is_text(text: str) -> bool:
    """Tell whether a text can be kept: a model may break off within a character's escape."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def again(kept: KeptAnswer, seconds: float) -> Iterator[Delta | Finished]:
    """Give an answer again as a stream gives it; nothing was generated for it.

    Args:
        kept: the answer.
        seconds: what it took to find it.
    """
    for start in range(0, len(kept.text), PIECE):
        yield Delta(kept.text[start : start + PIECE])
    yield Finished(kept.reason, _usage(seconds), kept.cut)


def structured_again(
    kept: KeptAnswer, schema: type[BaseModel] | dict[str, Any], seconds: float
) -> Structured[Any]:
    """Give an answer again that holds to a schema.

    Raises:
        InvalidModelOutput: what was kept does not hold to it.
    """
    value = read_structured(kept.text, schema)
    return Structured(value, kept.text, _usage(seconds), kept.repaired, kept.cut)


def _usage(seconds: float) -> Usage:
    return Usage(prompt_tokens=0, completion_tokens=0, first_token_s=None, total_s=seconds)
