"""The page Health: each part of the platform, why one is unwell, and what to do about it."""

import streamlit as st

from sutazai_ui.client import Health, Part
from sutazai_ui.seat import Seat
from sutazai_ui.views import marks, words
from sutazai_ui.views.amounts import counted

RENEW_S = 5.0
_WHAT = {
    "database": "PostgreSQL: the record of everything",
    "embedder": "makes vectors of passages and questions",
    "dashboard": "these pages",
    "broker": "RabbitMQ: wakes the agents",
    "registry": "Consul: knows which agents are here",
    "redis": "carries text while it is written, and keeps answers",
    "vectors": "Qdrant: finds passages",
}


def show(seat: Seat) -> None:
    """Show the page."""
    st.title("Health", anchor=False)
    words.renewing("health", lambda: _all(seat, seat.api.health()), RENEW_S)


def _all(seat: Seat, health: Health) -> None:
    unwell = [part for part in health.parts if not part.ok]
    if not unwell:
        st.success(
            f"All {counted(len(health.parts), 'part')} are well.", icon=":material/check_circle:"
        )
    elif health.ready:
        st.warning("It works; less of it than it could.", icon=":material/warning:")
    else:
        st.error("A part is unwell without which nothing works.", icon=":material/error:")
    marks.cards(_card(part) for part in sorted(health.parts, key=lambda part: part.ok))
    st.caption(
        f"Profile: {health.profile}. More is looked at on the machine itself, by "
        + ("`make doctor`." if health.profile == "stack" else "`sutazai doctor`.")
    )


def _card(part: Part) -> str:
    told = [marks.remark(_WHAT.get(part.name, ""))] if part.name in _WHAT else []
    if not part.ok:
        told.append(f"<div><strong>Cause:</strong> {marks.plain(part.detail or 'not said')}</div>")
        if part.remedy:
            told.append(f"<div><strong>What to do:</strong> {marks.plain(part.remedy)}</div>")
    if not part.needed:
        told.append(marks.remark("the rest works without it"))
    return marks.card(part.name, marks.chip("well" if part.ok else "unwell"), *told)
