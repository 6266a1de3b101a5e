"""Parts of a stored text, by code points, read no further than they need."""

import codecs
from collections.abc import AsyncGenerator, AsyncIterator

from sutazai_contracts.errors import FilesUnavailable, InvalidInput

USUAL = 20_000
LONGEST = 200_000


def bounds(start: int, end: int | None, characters: int) -> tuple[int, int]:
    """Give the start and the end of an excerpt from a text of so many characters.

    An end past the text's is the text's; without one, the excerpt has at most `USUAL` characters.

    Raises:
        InvalidInput: names the bound that is out of range.
    """
    if not 0 <= start <= characters:
        raise InvalidInput(f"start is 0 to {characters} here, not {start}", field="start")
    if end is None:
        return start, min(start + USUAL, characters)
    if end < start:
        raise InvalidInput(f"end, {end}, is before start, {start}", field="end")
    end = min(end, characters)
    if end - start > LONGEST:
        raise InvalidInput(
            f"{end - start} characters are asked for, and {LONGEST} are given at once", field="end"
        )
    return start, end


async def excerpt(parts: AsyncIterator[bytes], start: int, end: int) -> str:
    """Cut `start:end`, in code points, from a stream of UTF-8.

    Raises:
        FilesUnavailable: the text ends before that, or is none.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    taken: list[str] = []
    position = 0
    try:
        while position < end:
            text = decoder.decode(await anext(parts))
            taken.append(text[max(0, start - position) : max(0, end - position)])
            position += len(text)
    except StopAsyncIteration as exc:
        raise FilesUnavailable("the stored text is shorter than its record says") from exc
    except UnicodeDecodeError as exc:
        raise FilesUnavailable("the stored text is damaged") from exc
    finally:
        if isinstance(parts, AsyncGenerator):
            await parts.aclose()
    return "".join(taken)
