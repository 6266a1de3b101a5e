"""Documents beside the question: which collection, what is in it, and how more comes in."""

from html import escape
from uuid import UUID

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from sutazai_ui.client import Api, Collection, Document, SignedOut, Trouble
from sutazai_ui.session import give_up_token
from sutazai_ui.views import words
from sutazai_ui.views.verbatim import in_label

_WAITING, _REFUSED, _ROUND, _DONE = "waiting", "refused", "upload-round", "uploaded"
_STATES = {"indexed": "ready", "failed": "failed", "cancelled": "stopped"}
# Documents that are listed; a collection may hold thousands.
SHOWN = 30
# How often the list renews itself, in seconds: while documents are being read, and otherwise, when
# it also notices that the session ended elsewhere.
BUSY_S, IDLE_S = 2, 8


def show(api: Api, limit_mb: int) -> Collection:
    """Let a person choose the collection that is asked, show what is in it, and take in more."""
    collections = api.collections() or [Collection(name="default", documents=0, chunks=0)]
    names = [collection.name for collection in collections]
    preferred = names.index("default") if "default" in names else 0
    name = st.selectbox("Collection", names, index=preferred, key="collection")
    _add(api, name, limit_mb)
    _show_refused()
    every_s = BUSY_S if st.session_state.get(_WAITING) else IDLE_S
    collection = collections[names.index(name)]
    st.fragment(_list, run_every=every_s)(api, collection)
    return collection


def _add(api: Api, collection: str, limit_mb: int) -> None:
    """Take in files; once all are through, the widget begins anew, empty."""
    files = st.file_uploader(
        f"Add documents (up to {limit_mb} MB each)",
        accept_multiple_files=True,
        key=f"files-{st.session_state.setdefault(_ROUND, 0)}",
        max_upload_size=limit_mb,
    )
    if not files:
        return
    done: set[str] = st.session_state.setdefault(_DONE, set())
    bar = st.progress(0.0)
    for number, file in enumerate(files):
        bar.progress(number / len(files), f"{number + 1} of {len(files)}: {in_label(file.name)}")
        if file.file_id not in done:
            _take(api, collection, file)
            # Not before: whatever interrupts this must not lose the file.
            done.add(file.file_id)
    bar.empty()
    done.clear()
    st.session_state[_ROUND] += 1
    st.rerun()


def _take(api: Api, collection: str, file: UploadedFile) -> None:
    try:
        document = api.upload(collection, file.name, file.getvalue())
    except SignedOut:
        raise
    except Trouble as trouble:
        st.session_state.setdefault(_REFUSED, []).append((file.name, trouble))
        return
    if document.status not in _STATES:
        st.session_state.setdefault(_WAITING, {})[document.id] = (collection, document.name)


def _show_refused() -> None:
    refused: list[tuple[str, Trouble]] = st.session_state.get(_REFUSED, [])
    for name, trouble in refused:
        words.trouble(trouble, name)
    if refused:
        st.button("Dismiss", key="dismiss", on_click=refused.clear)


def _list(api: Api, collection: Collection) -> None:
    """List documents; what was added here is followed until it is ready."""
    try:
        waiting = _still_waiting(api)
        documents = api.documents(collection.name, SHOWN)
    except SignedOut:
        give_up_token()
        st.rerun()
    except Trouble as trouble:
        st.caption(in_label(trouble.message))
        return
    if waiting:
        st.caption(f":material/hourglass_top: {waiting} being read")
    st.html(f'<div class="sz-list">{"".join(map(_line, documents))}</div>')
    if collection.documents > len(documents):
        st.caption(f"and {collection.documents - len(documents)} more")


def _still_waiting(api: Api) -> int:
    """Count what was added here and is still being read; the page is told of every end."""
    waiting: dict[UUID, tuple[str, str]] = st.session_state.get(_WAITING, {})
    ended = False
    for key, (collection, name) in list(waiting.items()):
        document = _read(api, collection, key)
        if document is not None and document.status not in _STATES:
            continue
        del waiting[key]
        ended = True
        if document is not None and document.status == "failed":
            why = Trouble(document.error or "It could not be read.", code="failed")
            st.session_state.setdefault(_REFUSED, []).append((name, why))
    if ended:
        st.rerun()
    return len(waiting)


def _read(api: Api, collection: str, document: UUID) -> Document | None:
    """Read a document; None where it was removed meanwhile."""
    try:
        return api.document(collection, document)
    except Trouble as trouble:
        if trouble.status == 404:
            return None
        raise


def _line(document: Document) -> str:
    state = _STATES.get(document.status, "being read")
    why = f" — {document.error}" if document.error else ""
    kind = "failed" if document.status == "failed" else "state"
    shown = f'<span class="{kind}">{state}{escape(why)}</span>'
    return f"<div>{escape(document.name)} · {shown}</div>"
