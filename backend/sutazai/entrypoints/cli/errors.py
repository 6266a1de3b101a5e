"""What can end a command early, and the exit code of each.

CliError              1   the work failed
├── NotSetUp          3   no usable credentials in the home folder
├── Unreachable       3   nothing answers at the API's address, or not any more
└── ApiProblem        4   the API refused (4xx); 3 where it could not answer (5xx)
"""

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """Say how a command ended; the numbers are documented in `--help`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    INTERRUPTED = 130


class CliError(Exception):
    """The command could not do its work."""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        """Take what happened and what to do about it, in words for a person."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    @property
    def exit_code(self) -> ExitCode:
        """Give the exit code this ends a command with."""
        return ExitCode.FAILED


class BadSettings(CliError):
    """A setting in the environment is not valid."""

    @property
    def exit_code(self) -> ExitCode:
        """Give the exit code this ends a command with."""
        return ExitCode.USAGE


class NotSetUp(CliError):
    """The home folder holds no credentials that can be read."""

    @property
    def exit_code(self) -> ExitCode:
        """Give the exit code this ends a command with."""
        return ExitCode.UNREACHABLE


class Unreachable(CliError):
    """Nothing answers at the address of the API."""

    @property
    def exit_code(self) -> ExitCode:
        """Give the exit code this ends a command with."""
        return ExitCode.UNREACHABLE


@dataclass(frozen=True)
class FieldError:
    """Which part of a request was wrong, and how."""

    field: str
    message: str


class ApiProblem(CliError):
    """The API answered with a problem document (RFC 9457)."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: tuple[FieldError, ...] = (),
        request_id: str | None = None,
        retry_after_s: float = 0.0,
    ) -> None:
        """Take what the problem document says, and the seconds after which to ask again."""
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    @property
    def exit_code(self) -> ExitCode:
        """Give the exit code this ends a command with."""
        return ExitCode.REFUSED if self.status < 500 else ExitCode.UNREACHABLE

    @property
    def reason(self) -> str:
        """Say what was wrong in one line, the fields included."""
        if len(self.errors) == 1 and self.errors[0].message == self.detail:
            return f"{self.errors[0].field}: {self.detail}"
        named = [f"{error.field}: {error.message}" for error in self.errors]
        extra = "; ".join(text for text in named if text not in self.detail)
        return f"{self.detail} ({extra})" if extra else self.detail
