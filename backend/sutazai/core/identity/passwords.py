"""Passwords: argon2id, in threads, and no faster for an account that is not there."""

import asyncio
import secrets
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sutazai.core.identity.guessed import is_common, left_beside_words
from sutazai_contracts.errors import InvalidInput

# What nobody can type; longer ones are not hashed.
LONGEST = 1_024
# Fewer characters are guessed too soon (NIST SP 800-63B §3.1.1 asks for 8, better 15).
SHORTEST = 12
# So many characters of a password are different ones, at least.
DIFFERENT = 4
_MADE_BYTES = 18
# So many characters of a password are none of the words that are tried first here.
BESIDE_WORDS = 7
# Each check takes 64 MiB and a core for a while: what a burst of them may take is bounded.
AT_ONCE = 2


def make_password() -> str:
    """Make a password that nobody guesses."""
    return secrets.token_urlsafe(_MADE_BYTES)


def check_new(password: str, email: str, field: str) -> None:
    """Refuse a password that is chosen too carelessly.

    Raises:
        InvalidInput: says of the field why.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(f"takes {SHORTEST} to {LONGEST} characters", field=field)
    if email.casefold() in password.casefold():
        raise InvalidInput("must not hold the e-mail address", field=field)
    if len(set(password)) < DIFFERENT:
        raise InvalidInput("is the same characters over and over", field=field)
    if is_common(password):
        raise InvalidInput("is known from thefts of passwords: others have it too", field=field)
    if left_beside_words(password, email) < BESIDE_WORDS:
        raise InvalidInput("is little more than words that are tried first here", field=field)
    try:
        password.encode()
    except UnicodeEncodeError as exc:
        raise InvalidInput("is no text", field=field) from exc


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

    async def hash(self, password: str) -> str:
        """Give what is kept of a password."""
        async with self._turn:
            return await asyncio.to_thread(self.hasher.hash, password)

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
