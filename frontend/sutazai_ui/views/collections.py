"""Which collection a page is about; collections made and removed."""

import streamlit as st

from sutazai_ui.client import Collection, SignedOut, Trouble
from sutazai_ui.seat import Seat
from sutazai_ui.views import popups, words
from sutazai_ui.views.amounts import counted
from sutazai_ui.views.verbatim import in_label

CHOSEN = "collection"
_TROUBLE = "collection-trouble"
_EMPTY = Collection(name="default", documents=0, chunks=0)


def choose(seat: Seat, label: str = "Collection") -> Collection:
    """Let a person choose a collection; what was chosen holds on every page."""
    found = seat.api.collections() or [_EMPTY]
    names = [collection.name for collection in found]
    kept = st.session_state.get(CHOSEN)
    if kept not in names:
        kept = "default" if "default" in names else names[0]
    counts = {one.name: counted(one.documents, "document") for one in found}
    name = st.selectbox(
        label,
        names,
        index=names.index(kept),
        format_func=lambda one: f"{one} ({counts[one]})",
    )
    st.session_state[CHOSEN] = name
    return found[names.index(name)]


def looks_after(seat: Seat, collection: Collection) -> None:
    """Offer to make a collection, and to remove the one that is chosen."""
    if not seat.may_write:
        return
    with st.container(horizontal=True):
        with (
            popups.popup("collection", "New collection", ":material/add:"),
            st.form("new-collection", clear_on_submit=True, border=False),
        ):
            name = st.text_input(
                "Name", max_chars=63, help="Lower-case letters, digits, `_` and `-`."
            )
            if st.form_submit_button("Make it", type="primary"):
                _make(seat, name.strip())
        with st.popover("Remove", icon=":material/delete:"):
            held = counted(collection.documents, "document")
            st.markdown(
                f"Removes **{in_label(collection.name)}** with {held}. This can't be undone."
            )
            if st.button("Remove it for good", key="remove-collection", type="primary"):
                _remove(seat, collection.name)
    for told in st.session_state.pop(_TROUBLE, ()):
        words.trouble(told)


def _make(seat: Seat, name: str) -> None:
    try:
        made = seat.api.make_collection(name)
    except SignedOut:
        raise
    except Trouble as told:
        st.session_state[_TROUBLE] = [told]
    else:
        st.session_state[CHOSEN] = made.name
        popups.close("collection")
    st.rerun()


def _remove(seat: Seat, name: str) -> None:
    try:
        seat.api.remove_collection(name)
    except SignedOut:
        raise
    except Trouble as told:
        st.session_state[_TROUBLE] = [told]
    else:
        st.session_state.pop(CHOSEN, None)
    st.rerun()
