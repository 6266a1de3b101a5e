"""A run's attempts over time, one lane each."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from sutazai_ui.views import look
from sutazai_ui.views.amounts import duration
from sutazai_ui.watching import Attempt

# Attempts that are shown; a run that is tried for hours has hundreds.
SHOWN = 60


def timeline(
    attempts: Sequence[Attempt],
    begun: datetime | None,
    ended: datetime | None,
    now: datetime | None = None,
) -> str:
    """Give the markup of attempts from the begin of their run to its end, or to now.

    Args:
        attempts: in the order they began.
        begun: when the run was made; None: when the first attempt began.
        ended: when the run ended; None: it has not.
        now: the time of day.
    """
    if not attempts:
        return ""
    shown = attempts[-SHOWN:]
    first = begun if begun is not None and len(shown) == len(attempts) else shown[0].started
    last = ended or now or datetime.now(UTC)
    whole = max((last - first).total_seconds(), 0.001)
    lanes = "".join(_lane(attempt, first, last, whole) for attempt in shown)
    left_out = len(attempts) - len(shown)
    before = f'<div class="sz-small">{left_out} earlier attempts are left out.</div>'
    return (
        f'{before if left_out else ""}<ol class="sz-lanes">{lanes}</ol>'
        f'<div class="sz-axis sz-small" aria-hidden="true"><span>0</span>'
        f"<span>{escape(duration(whole))}</span></div>"
    )


def _lane(attempt: Attempt, first: datetime, last: datetime, whole: float) -> str:
    start = (attempt.started - first).total_seconds()
    took = ((attempt.ended or last) - attempt.started).total_seconds()
    left = min(max(start / whole * 100, 0.0), 99.5)
    width = min(max(took / whole * 100, 0.0), 100 - left)
    name = attempt.step if attempt.number == 1 else f"{attempt.step}, attempt {attempt.number}"
    said = f"{duration(took)} {look.said(attempt.how)}"
    why = f" — {attempt.reason}" if attempt.reason else ""
    words = escape(f"{said}, began after {duration(start)}{why}")
    return (
        f'<li><span><span class="sz-name">{escape(name)}</span> '
        f'<span class="sz-small">{escape(duration(took))}</span></span>'
        f'<span class="sz-lane" title="{words}"><span class="sz-only">{words}</span>'
        f'<span class="sz-bar sz-{look.kind(attempt.how)}" style="left:{left:.2f}%;'
        f'width:{width:.2f}%"></span></span></li>'
    )
