"""Files that a person adds: handed over one by one, then followed until each is read or refused."""

from dataclasses import dataclass, field
from uuid import UUID

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from sutazai_ui.client import Api, Document, SignedOut, Trouble
from sutazai_ui.views import words
from sutazai_ui.views.amounts import counted
from sutazai_ui.views.document import why
from sutazai_ui.views.verbatim import in_label

_KEPT = "uploads"
ENDED = frozenset({"indexed", "failed", "cancelled"})
# Documents that are looked at each time the list renews itself: thousands may be waited for.
LOOKED_AT = 10
# Reasons that are listed one by one.
TOLD = 20


@dataclass
class Uploads:
    """What a person added in this tab.

    Attributes:
        round: counts the times that the widget began anew, empty.
        through: files of this round that were handed over.
        waiting: documents that are being read: their collection and name.
        refused: what was refused, and why.
    """

    round: int = 0
    through: set[str] = field(default_factory=set)
    waiting: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    refused: list[tuple[str, Trouble]] = field(default_factory=list)


def kept() -> Uploads:
    """Give what this tab knows of its files."""
    uploads: Uploads = st.session_state.setdefault(_KEPT, Uploads())
    return uploads


def show(api: Api, collection: str, limit_mb: int) -> None:
    """Take in files; once all are through, the widget begins anew."""
    uploads = kept()
    files = st.file_uploader(
        f"Add documents to {in_label(collection)} (up to {limit_mb} MB each)",
        accept_multiple_files=True,
        key=f"files-{uploads.round}",
        max_upload_size=limit_mb,
        help="Text, Markdown, HTML, PDF, DOCX, CSV, JSON or source code. The same name with other "
        "content replaces what was there.",
    )
    if files:
        _take_all(api, collection, uploads, files)
    _refused(uploads)


def still_waiting(api: Api) -> int:
    """Count what was added here and is still being read; the page is told of every end."""
    uploads = kept()
    ended = False
    for key, (collection, name) in list(uploads.waiting.items())[:LOOKED_AT]:
        document = _read(api, collection, key)
        if document is not None and document.status not in ENDED:
            # Looked at last the next time.
            uploads.waiting[key] = uploads.waiting.pop(key)
            continue
        del uploads.waiting[key]
        ended = True
        if document is not None and document.status == "failed":
            uploads.refused.append((name, Trouble(why(document), code="failed")))
    if ended:
        st.rerun()
    return len(uploads.waiting)


def _take_all(api: Api, collection: str, uploads: Uploads, files: list[UploadedFile]) -> None:
    bar = st.progress(0.0)
    for number, file in enumerate(files):
        bar.progress(number / len(files), f"{number + 1} of {len(files)}: {in_label(file.name)}")
        if file.file_id not in uploads.through:
            _take(api, collection, uploads, file)
            # Not before: whatever interrupts this must not lose the file.
            uploads.through.add(file.file_id)
    bar.empty()
    uploads.through.clear()
    uploads.round += 1
    st.rerun()


def _take(api: Api, collection: str, uploads: Uploads, file: UploadedFile) -> None:
    try:
        document = api.upload(collection, file.name, file.getvalue())
    except SignedOut:
        raise
    except Trouble as trouble:
        uploads.refused.append((file.name, trouble))
        return
    if document.status not in ENDED:
        uploads.waiting[document.id] = (collection, document.name)


def _refused(uploads: Uploads) -> None:
    refused = uploads.refused
    for name, trouble in refused[:TOLD]:
        words.trouble(trouble, name)
    if len(refused) > TOLD:
        st.error(f"{counted(len(refused) - TOLD, 'more file')} were refused.")
    if refused:
        st.button("Dismiss", key="dismiss", on_click=refused.clear)


def _read(api: Api, collection: str, document: UUID) -> Document | None:
    """Read a document; None where it was removed meanwhile."""
    try:
        return api.document(collection, document)
    except Trouble as trouble:
        if trouble.status == 404:
            return None
        raise
