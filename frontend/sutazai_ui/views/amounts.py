"""Times, sizes and counts as a person reads them."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
# What a step may count, in the order it is told, and how it reads.
_COUNTED = {
    "searches": ("search", "searches"),
    "passages": ("passage", "passages"),
    "model_calls": ("call of a model", "calls of a model"),
    "prompt_tokens": ("token read", "tokens read"),
    "completion_tokens": ("token written", "tokens written"),
    "cached_answers": ("answer from the cache", "answers from the cache"),
}


def duration(seconds: float) -> str:
    """Say how long something took, in its two largest units."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    left, parts = round(seconds), list[str]()
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def between(start: datetime | None, end: datetime | None) -> str:
    """Say how long something took, or takes by now; nothing where it has not begun."""
    if start is None:
        return ""
    return duration(((end or datetime.now(UTC)) - start).total_seconds())


def ago(then: datetime | None, now: datetime | None = None) -> str:
    """Say how long ago something was."""
    if then is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    for unit, size in _UNITS[:3]:
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def moment(then: datetime | None, zone: tzinfo | None = None) -> str:
    """Say when something was, by the clock of whoever looks."""
    if then is None:
        return "—"
    return f"{then.astimezone(zone or _zone()):%Y-%m-%d %H:%M:%S}"


def size(count: int | None) -> str:
    """Say how many bytes."""
    if count is None:
        return "—"
    amount, unit = float(count), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Say how many there are of something."""
    return f"{count:,} {one if count == 1 else many or one + 's'}".replace(",", "\u202f")


def used(usage: Mapping[str, float]) -> list[str]:
    """Say what a step or a run used."""
    told = [
        counted(round(usage[name]), *words) for name, words in _COUNTED.items() if usage.get(name)
    ]
    if usage.get("agent_seconds"):
        told.append(f"{duration(usage['agent_seconds'])} of agents' time")
    if "cost" in usage:
        told.append(f"cost {usage['cost']:.4f}")
    return told


def _zone() -> tzinfo:
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
