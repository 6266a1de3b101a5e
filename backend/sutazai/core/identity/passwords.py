"""Passwords: argon2id, in threads, and no faster for an account that is not there."""

import asyncio
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# What nobody can type; longer ones are not hashed.
LONGEST = 1_024
# Each check takes 64 MiB and a core for a while: what a burst of them may take is bounded.
AT_ONCE = 2


@dataclass(slots=True)
class Passwords:
    """Check passwords against their hashes."""

    hasher: PasswordHasher = field(default_factory=PasswordHasher)
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _nobodys: str | None = None

    async def check(self, password: str, password_hash: str | None) -> bool:
        """Tell whether a password is the one; without a hash it is not, after the same work."""
        if len(password) > LONGEST:
            return False
        async with self._turn:
            return await asyncio.to_thread(self._check, password, password_hash)

    def _check(self, password: str, password_hash: str | None) -> bool:
        if password_hash is None:
            if self._nobodys is None:
                self._nobodys = self.hasher.hash("of nobody")
            self._verify(self._nobodys, password)
            return False
        return self._verify(password_hash, password)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self.hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False
