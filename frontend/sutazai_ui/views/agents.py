"""The page Agents: who is here, what each can do, how busy it is, what it did last."""

import streamlit as st

from sutazai_ui.client import Agent
from sutazai_ui.seat import Seat
from sutazai_ui.views import marks, words
from sutazai_ui.views.amounts import ago, counted

RENEW_S = 3.0


def show(seat: Seat) -> None:
    """Show the page."""
    st.title("Agents", anchor=False)
    words.renewing("agents", lambda: _list(seat), RENEW_S)


def _list(seat: Seat) -> None:
    agents = seat.api.agents()
    if not agents:
        words.nothing(
            "No agent has come yet. In the stack each starts as a container of its own: look at "
            "`make ps`. One of your own takes about 20 lines: docs/howto/first-agent.md."
        )
        return
    busy = sum(agent.busy for agent in agents)
    slots = sum(agent.slots for agent in agents)
    st.caption(f"{counted(len(agents), 'agent')} · {busy} of {counted(slots, 'place')} in use")
    marks.cards(map(_card, agents))


def _card(agent: Agent) -> str:
    work = f"{agent.busy} of {counted(agent.slots, 'place')} in use, in "
    work += counted(agent.workers, "process", "processes")
    done = f"{counted(agent.done, 'task')} done, {agent.failed} failed since it came"
    return marks.card(
        agent.name,
        marks.chip(agent.status),
        f"<div>{marks.plain(agent.description)}</div>",
        marks.tags(agent.capabilities),
        marks.remark(work),
        marks.remark(f"{done} · last work: {ago(agent.last_work_at)}"),
        marks.remark(f"version {agent.version}"),
    )
