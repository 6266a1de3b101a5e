"""The page Graph: what documents name, what joins it, and where that was read."""

from uuid import UUID

import streamlit as st

from sutazai_ui.client import Collection, Entity
from sutazai_ui.seat import Seat
from sutazai_ui.views import collections, one_entity, picture, reasons, words
from sutazai_ui.views.amounts import counted
from sutazai_ui.views.entities import PAGE, about, address, between, box, icon
from sutazai_ui.views.verbatim import in_label

# What is found by a name, the groups that are shown at once, and the links of a way at most.
FOUND, GROUPS, LONGEST = 25, 8, 6
PARTS = {"find": "Find", "way": "Way", "groups": "Groups"}
_OPENED, _MORE = "graph-opened", "graph-groups"
_AGAIN = (
    "Documents that were added before there was a graph say something once they are added anew "
    "with other content."
)


def show(seat: Seat) -> None:
    """Show the page."""
    entity, run = st.query_params.get("entity"), st.query_params.get("run")
    if not entity and not run:
        _overview(seat)
        return
    seat.link(PAGE, "All of the graph", ":material/arrow_back:")
    try:
        if run:
            one_entity.show_answer(seat, UUID(run))
        else:
            collection = st.query_params.get("collection", "default")
            one_entity.show(seat, collection, UUID(entity))
    except ValueError:
        st.title("Graph", anchor=False)
        st.warning("That is no id.", icon=":material/warning:")


def _overview(seat: Seat) -> None:
    st.title("Graph", anchor=False)
    _open_address()
    collection = collections.choose(seat)
    if not collection.chunks:
        _empty(seat, collection)
        return
    chosen = st.pills(
        "Part",
        list(PARTS),
        format_func=PARTS.__getitem__,
        key="graph-part",
        label_visibility="collapsed",
        required=True,
    )
    with words.telling():
        {"way": _way, "groups": _groups}.get(chosen or "", _find)(seat, collection)


def _open_address() -> None:
    """Take from the address what is shown, once for each address that a link leads to."""
    told = {name: st.query_params.get(name, "") for name in ("part", "collection", "start")}
    if st.session_state.get(_OPENED) == told and "graph-part" in st.session_state:
        return
    st.session_state[_OPENED] = told
    st.session_state["graph-part"] = told["part"] if told["part"] in PARTS else "find"
    if told["collection"]:
        st.session_state[collections.CHOSEN] = told["collection"]
    if told["start"]:
        st.session_state["way-start"] = told["start"]


def _empty(seat: Seat, collection: Collection) -> None:
    words.nothing(
        f"There is nothing in **{in_label(collection.name)}** yet. Once documents are read, what "
        "they name is found here, and what joins it: names, terms, dates, files, code.",
        ":material/upload_file:",
    )
    seat.link("knowledge", "Add documents", ":material/library_add:")


def _find(seat: Seat, collection: Collection) -> None:
    text = st.text_input(
        "Find by how a name begins",
        key="graph-find",
        max_chars=200,
        placeholder="A name, a term, a file, a function",
        icon=":material/search:",
    )
    if not text.strip():
        words.nothing(
            "Names, terms, dates, numbers, files and code that documents name are found by how "
            "they begin. Where no name comes to mind, **Groups** shows what there is."
        )
        return
    found = seat.api.entities(text, collection.name, FOUND)
    if not found:
        words.nothing(f"Nothing begins so. Try its first letters, or another name. {_AGAIN}")
        return
    more = "or more " if len(found) == FOUND else ""
    st.caption(f"{len(found)} {more}found" if more else f"{len(found)} found")
    with st.container(key="rows", gap="xsmall"):
        for one in found:
            label = f"**{in_label(one.name)}** :small[{in_label(about(one))}]"
            seat.link(PAGE, label, icon(one), wide=True, **address(one, collection.name))


def _way(seat: Seat, collection: Collection) -> None:
    left, right = st.columns(2)
    with left:
        start = _end(seat, collection, "From", "way-start")
    with right:
        end = _end(seat, collection, "To", "way-end")
    if start is None or end is None:
        if not st.session_state.get("way-start") or not st.session_state.get("way-end"):
            words.nothing(
                "Name two things to see over what they are joined: who made the engine, and the "
                "town that the company is in. How their names begin is enough."
            )
        return
    found = seat.api.way(start.id, end.id, collection.name, LONGEST)
    if not found.entities:
        words.nothing(
            f"No way of {LONGEST} links or less leads from one to the other: nothing that "
            "documents of this collection say joins them."
        )
        return
    st.caption(counted(len(found.links), "link"))
    boxes = [box(one, collection.name) for one in found.entities]
    said = [between(link, left) for link, left in zip(found.links, found.entities, strict=False)]
    picture.row(seat, boxes, said)
    if found.links:
        st.header("What joins them", anchor=False)
        known = {one.id: one for one in found.entities}
        reasons.show(seat, collection.name, known, found.links)


def _end(seat: Seat, collection: Collection, label: str, key: str) -> Entity | None:
    """Let a person name an end of a way; of several that begin so, choose one."""
    text = st.text_input(label, key=key, max_chars=200, placeholder="How its name begins")
    if not text.strip():
        return None
    found = seat.api.entities(text, collection.name, FOUND)
    if not found:
        words.nothing(f"Nothing begins with {in_label(text)}.")
        return None
    if len(found) == 1:
        st.caption(f"{in_label(found[0].name)} :small[{in_label(about(found[0]))}]")
        return found[0]
    names = {one.id: f"{one.name} ({about(one)})" for one in found}
    chosen = st.selectbox(
        f"{label}: which one",
        [one.id for one in found],
        format_func=names.__getitem__,
        key=f"{key}-of-{collection.name}-{text}",
    )
    return next((one for one in found if one.id == chosen), found[0])


def _groups(seat: Seat, collection: Collection) -> None:
    place = f"{_MORE}-{collection.name}"
    shown: int = st.session_state.get(place, GROUPS)
    found = seat.api.groups(collection.name, shown + 1)
    if not found:
        words.nothing(f"Nothing belongs together yet: no sentence names two things. {_AGAIN}")
        return
    st.caption("What documents name together most often, the largest groups first")
    for group in found[:shown]:
        with st.container(border=True):
            st.markdown(f"**{counted(group.size, 'thing')}** :small[around "
                        f"{in_label(group.entities[0].name)}]")  # fmt: skip
            with st.container(horizontal=True, gap="small"):
                for one in group.entities:
                    where = address(one, collection.name)
                    seat.link(PAGE, in_label(one.name), icon(one), wide=False, **where)
            if group.size > len(group.entities):
                st.caption(f"and {group.size - len(group.entities)} more")
    if len(found) > shown:
        st.button("More groups", key="more-groups", on_click=_more, args=(place, shown))


def _more(place: str, shown: int) -> None:
    st.session_state[place] = shown + GROUPS
