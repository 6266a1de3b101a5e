"""What goes wrong in a call to Qdrant, in our words."""

import asyncio
from types import TracebackType
from typing import NoReturn, Self

from sutazai_contracts.errors import (
    InvalidInput,
    NotFound,
    SutazaiError,
    TooLarge,
    VectorsRefused,
    VectorsUnavailable,
)
from sutazai_kit.http_client import HttpError
from sutazai_kit.vectors.qdrant.rest import Refused

_EXISTS = "already exists"
_DIMENSION = "dimension error"


class Call:
    """One request inside an `async with` block: within its time, its errors mapped to ours."""

    def __init__(self, doing: str, timeout_s: float) -> None:
        """Take what is being done, to say so in an error, and how many seconds it may take."""
        self._doing = doing
        self._timeout_s = timeout_s
        self._timeout = asyncio.timeout(timeout_s)

    async def __aenter__(self) -> Self:
        """Start the clock."""
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Raise our error from the client's or the clock's, if there is one."""
        try:
            await self._timeout.__aexit__(kind, error, traceback)
        except TimeoutError as late:
            raise self._unavailable(f"no answer within {self._timeout_s:g} s") from late
        match error:
            case Refused():
                self._raise_for(error)
            case HttpError():
                raise self._unavailable(str(error) or type(error).__name__) from error

    def _raise_for(self, error: Refused) -> NoReturn:
        """Raise our error for an answer that is none of success."""
        status, words = error.status, error.words
        if status == 404:
            raise NotFound("There is no such vector collection.") from error
        if status in (401, 403):
            raise VectorsRefused(
                f"The vector store does not let this key or token {self._doing}: {words}"
            ) from error
        if status == 413:
            raise TooLarge(f"The vector store can't {self._doing}: {words}") from error
        if status in (400, 422) and _DIMENSION in words.lower():
            raise InvalidInput(words, field="vector") from error
        if status >= 500 or status == 429:
            raise self._unavailable(words) from error
        raise SutazaiError(f"The vector store can't {self._doing}: {status} {words}") from error

    def _unavailable(self, why: str) -> VectorsUnavailable:
        return VectorsUnavailable(f"The vector store can't {self._doing}: {why}")


def exists_already(error: Refused) -> bool:
    """Tell whether a creation was refused because there is one; older servers answer 400."""
    return error.status in (400, 409) and _EXISTS in error.words
