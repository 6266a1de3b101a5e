"""The page Ask: a conversation, its answers as they come, their sources."""

from uuid import UUID, uuid4

import streamlit as st

from sutazai_ui.client import Collection, Context, Conversation, Message, SignedOut, Trouble
from sutazai_ui.seat import Seat
from sutazai_ui.views import answers, collections, live, talks, verbatim, words
from sutazai_ui.views.amounts import counted
from sutazai_ui.views.verbatim import in_label

_ROBOT, _PERSON = ":material/forum:", ":material/person:"
_PAGES = "message-pages"
# Messages that are shown at once; older ones come when they are asked for.
PAGE = 30
GOAL_CHARACTERS = 10_000


def show(seat: Seat) -> None:
    """Show the page."""
    talk_id = talks.chosen()
    talks.side(seat, talk_id)
    talk = _talk(seat, talk_id)
    if talk_id is not None and talk is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(
            in_label(talks.name_of(talk, most=120)) if talk is not None else "Ask", anchor=False
        )
    if talk is not None and seat.may_write:
        talks.looks_after(seat, talk)
    collection = _collection(seat, talk)
    graph = _graph(seat, collection)
    messages = _messages(seat, talk) if talk is not None else []
    asked = live.asked_in(talk_id) or _taken_up(talk, messages)
    for message in messages:
        _said(seat, message, collection.name)
    if not messages and asked is None:
        _empty(seat, collection)
    goal = st.chat_input(
        "What do you want to know?" if not messages else "Ask on",
        key="goal",
        max_chars=GOAL_CHARACTERS,
        disabled=asked is not None or not collection.chunks or not seat.may_write,
    )
    if asked is not None:
        _watched(seat, asked, messages)
    elif goal:
        _ask(seat, talk, goal, collection.name, graph=graph)


def _talk(seat: Seat, talk: UUID | None) -> Conversation | None:
    """Read the conversation that the address names; None where there is none, which is said."""
    if talk is None:
        return None
    try:
        return seat.api.conversation(talk)
    except SignedOut:
        raise
    except Trouble as told:
        st.title("Ask", anchor=False)
        words.trouble(told)
        seat.link("ask", "Begin a new conversation", ":material/add_comment:")
        return None


def _collection(seat: Seat, talk: Conversation | None) -> Collection:
    """Let a person choose what is asked; a conversation that is opened brings its own."""
    if talk is not None and st.session_state.get("talk-opened") != talk.id:
        st.session_state["talk-opened"] = talk.id
        st.session_state[collections.CHOSEN] = talk.collection
    return collections.choose(seat, "Ask about")


def _messages(seat: Seat, talk: Conversation) -> list[Message]:
    """Read what was said last, in order, and offer what was said before."""
    pages: int = st.session_state.get(f"{_PAGES}-{talk.id}", 1)
    found: list[Message] = []
    cursor: str | None = None
    for _ in range(pages):
        page = seat.api.messages(talk.id, PAGE, cursor)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    if cursor is not None:
        st.button(
            "Earlier messages", key="earlier-messages", on_click=_earlier, args=(talk.id, pages + 1)
        )
    return found[::-1]


def _earlier(talk: UUID, pages: int) -> None:
    st.session_state[f"{_PAGES}-{talk}"] = pages


def _taken_up(talk: Conversation | None, messages: list[Message]) -> live.Asked | None:
    """Give what a conversation waits for that this tab did not ask itself, if anything."""
    if talk is None or not talk.busy or not messages:
        return None
    last = messages[-1]
    if last.run is None or last.role != "user":
        return None
    asked = live.Asked(last.run, last.text, talk.id)
    live.begin(asked)
    return asked


def _empty(seat: Seat, collection: Collection) -> None:
    if not collection.chunks:
        words.nothing(
            f"There is nothing to answer from in **{in_label(collection.name)}** yet. Add "
            "documents first: text, Markdown, HTML, PDF, DOCX, CSV, JSON or source code.",
            ":material/upload_file:",
        )
        seat.link("knowledge", "Add documents", ":material/library_add:")
    elif seat.may_write:
        held = counted(collection.documents, "document")
        words.nothing(
            f"**{in_label(collection.name)}** holds {held}. Ask something about them below; what "
            "you ask next is understood with what was said before."
        )
    else:
        words.nothing("You may read here. Asking needs the role **member**.")


def _graph(seat: Seat, collection: Collection) -> bool:
    """Let a person choose whether what they ask asks the graph too."""
    if not seat.may_write or not collection.chunks:
        return False
    return st.toggle(
        "Ask the graph too",
        key="ask-graph",
        help="Also reads passages that are joined to the best ones by a name that both have, so "
        "that what two documents say together is found.",
    )


def _ask(seat: Seat, talk: Conversation | None, goal: str, collection: str, *, graph: bool) -> None:
    try:
        talk = talk or seat.api.begin(collection)
        said = seat.api.say(talk.id, goal, collection, str(uuid4()), graph=graph)
    except SignedOut:
        raise
    except Trouble as trouble:
        with st.chat_message("user", avatar=_PERSON):
            verbatim.text(goal)
        words.trouble(trouble)
        return
    live.begin(live.Asked(said.run.id, goal, talk.id))
    st.session_state["talk-opened"] = talk.id
    talks.choose(talk.id)
    st.rerun()


def _watched(seat: Seat, asked: live.Asked, messages: list[Message]) -> None:
    if not any(message.run == asked.run for message in messages):
        with st.chat_message("user", avatar=_PERSON):
            verbatim.text(asked.goal)
    with st.chat_message("assistant", avatar=_ROBOT):
        live.show(seat, asked)


def _said(seat: Seat, message: Message, collection: str) -> None:
    if message.role == "user":
        with st.chat_message("user", avatar=_PERSON):
            verbatim.text(message.text)
        return
    with st.chat_message("assistant", avatar=_ROBOT):
        answer = answers.of_message(message)
        answers.show(seat, answer, collection)
        with st.container(horizontal=True, vertical_alignment="center"):
            if message.run is not None:
                seat.link("runs", "How it came about", ":material/account_tree:",
                          run=str(message.run))  # fmt: skip
            answers.made_of(seat, answer)
            if message.context is not None:
                _context(message.context)


def _context(context: Context) -> None:
    """Say which earlier messages the question was asked with."""
    if context.dropped:
        st.caption(
            f"Asked with the last {counted(context.used, 'message')}; {context.dropped} earlier "
            "ones did not fit any more."
        )
    elif context.used:
        st.caption(f"Asked with {counted(context.used, 'earlier message')}.")
