"""Secrets made from one secret of the installation: access tokens, and tokens of forms."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

from sutazai_contracts.errors import Unauthenticated

ACCESS_S = 600
_ALGORITHM = "HS256"
_ISSUER = "sutazai"
_AUDIENCE = "sutazai-api"
_REQUIRED = ["aud", "exp", "iat", "iss", "sid", "sub", "tenant"]
# Longer than any token of ours; what is longer is not even read.
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says: a user of a tenant, logged in by a session."""

    session: UUID
    user: UUID
    tenant: UUID


@dataclass(frozen=True, slots=True)
class Tokens:
    """Sign and read access tokens: JSON Web Tokens (RFC 7519) by HMAC with SHA-256.

    A token says who was logged in when it was made. Whether they still are, the session tells.
    """

    secret: bytes
    access_s: int = ACCESS_S

    def sign(self, claims: Claims, now: datetime) -> str:
        """Make an access token that is good for `access_s` seconds from now."""
        payload = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(claims.user),
            "sid": str(claims.session),
            "tenant": str(claims.tenant),
            "iat": now,
            "exp": now + timedelta(seconds=self.access_s),
        }
        return jwt.encode(payload, self._key("access"), _ALGORITHM)

    def read(self, token: str, now: datetime) -> Claims:
        """Read an access token.

        Raises:
            Unauthenticated: it is none of ours, or past its time.
        """
        if len(token) > _LONGEST:
            raise Unauthenticated
        try:
            payload = jwt.decode(
                token,
                self._key("access"),
                [_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                # Its times are held against the caller's clock, below.
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
            )
            ends_at = datetime.fromtimestamp(payload["exp"], UTC)
            claims = Claims(UUID(payload["sid"]), UUID(payload["sub"]), UUID(payload["tenant"]))
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as exc:
            raise Unauthenticated from exc
        if ends_at <= now:
            raise Unauthenticated("the access token is past its time; ask for another one")
        return claims

    def of_form(self, nonce: str) -> str:
        """Give what a form has to bring along that was given to the browser that has this nonce."""
        return hmac.new(self._key("form"), nonce.encode(), hashlib.sha256).hexdigest()

    def _key(self, purpose: str) -> bytes:
        """Derive a key of its own for each purpose, so that nothing of one is good for another."""
        return hmac.new(self.secret, purpose.encode(), hashlib.sha256).digest()
