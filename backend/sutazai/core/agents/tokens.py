"""Tokens of agents: each process shows one, and it is good for its own agent's name alone."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

from sutazai_contracts.errors import Unauthenticated

_PREFIX = "sa_"


def new_token() -> str:
    """Make a token: 256 random bits, recognisable by its prefix."""
    return _PREFIX + secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """Give what is kept of a token: its SHA-256, which is enough where the token is random."""
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


@dataclass(frozen=True, slots=True)
class AgentTokens:
    """Know which agent a token is of.

    Args:
        digests: what is kept of each agent's token, by the agent's name.
    """

    digests: Mapping[str, bytes]

    def agent_of(self, token: str) -> str:
        """Name the agent a token is of, in the same time whichever it is.

        Raises:
            Unauthenticated: it is nobody's.
        """
        shown, found = digest(token), None
        for agent, kept in self.digests.items():
            if compare_digest(shown, kept):
                found = agent
        if found is None:
            raise Unauthenticated("This token is no agent's here.")
        return found
