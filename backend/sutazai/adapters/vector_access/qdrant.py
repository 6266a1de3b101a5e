"""Tokens for a Qdrant server with `QDRANT__SERVICE__JWT_RBAC`, signed with its API key."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import jwt

from sutazai_contracts.knowledge import CollectionGrant

# The narrowest modes that Qdrant has for a collection: `prw` writes and deletes points, and can't
# change the collection itself, its indexes or its snapshots.
_MODES = {"read": "r", "write": "prw"}
# The server's clock may be behind; it adds 30 s of leeway of its own.
_MARGIN_S = 30.0


@dataclass(frozen=True, slots=True)
class QdrantTokens:
    """Make JSON Web Tokens (RFC 7519, HS256) with the claims `exp` and `access`.

    Args:
        key: the server's API key. It signs the tokens, so it should be random and of 32 bytes or
            more: whoever holds a token can try keys.
        clock: seconds since the epoch.
    """

    key: str = field(repr=False)
    clock: Callable[[], float] = time.time

    def token(self, grant: CollectionGrant, timeout_s: float) -> str:
        """Make a token for what is granted, until the task has to be done."""
        places = [grant.physical, *([grant.rebuild.physical] if grant.rebuild else [])]
        access = [{"collection": str(place), "access": _MODES[grant.access]} for place in places]
        claims = {"exp": math.ceil(self.clock() + timeout_s + _MARGIN_S), "access": access}
        return jwt.encode(claims, self.key, algorithm="HS256")
