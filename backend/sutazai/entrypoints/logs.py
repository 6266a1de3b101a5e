"""Logs: one JSON object a line on standard output, those of the standard library too."""

import inspect
import json
import logging
import sys
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from loguru import Message, Record

# What may say secrets or personal data by mistake is never printed under these names.
SECRET_FIELDS = frozenset({"authorization", "api_key", "password", "token", "cookie", "secret"})


def configure_logs(level: str) -> None:
    """Send everything that is logged at `level` or above to standard output as JSON."""
    logger.remove()
    logger.add(_write, level=level, backtrace=False, diagnose=False, catch=False)
    logging.basicConfig(handlers=[_Intercept()], level=level, force=True)
    # One line per request is the gateway's job, and asyncio's debug lines help nobody here.
    for noisy in ("uvicorn.access", "asyncio", "httpx", "httpx2", "httpcore2", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def line(record: "Record") -> str:
    """Give one log record as one line of JSON."""
    exception = record["exception"]
    fields = {
        "time": record["time"].isoformat(),
        "level": record["level"].name,
        "logger": record["name"],
        "message": record["message"],
        **{k: "***" if k in SECRET_FIELDS else v for k, v in record["extra"].items()},
    }
    if exception is not None and exception.type is not None:
        fields["error"] = f"{exception.type.__name__}: {exception.value}"
        fields["traceback"] = _traceback(record)
    return json.dumps(fields, default=str, ensure_ascii=False)


def _traceback(record: "Record") -> list[str]:
    exception = record["exception"]
    places: list[str] = []
    trace = exception.traceback if exception is not None else None
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places


def _write(message: "Message") -> None:
    sys.stdout.write(line(message.record) + "\n")
    sys.stdout.flush()


class _Intercept(logging.Handler):
    """Hand records of the standard library's logging to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record at its own level, as said by its own caller."""
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        frame, depth = inspect.currentframe(), 0
        while frame and (depth == 0 or frame.f_code.co_filename == logging.__file__):
            frame, depth = frame.f_back, depth + 1
        logger.opt(depth=depth, exception=record.exc_info).log(level, record.getMessage())
