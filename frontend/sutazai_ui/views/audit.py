"""The audit log: what bears on security, newest first, and whether it is whole."""

from collections.abc import Mapping

import streamlit as st

from sutazai_ui.client import AuditEntry
from sutazai_ui.seat import Seat
from sutazai_ui.views import marks, paging, words
from sutazai_ui.views.amounts import counted, moment

_LIST = "audit"
PAGE = 50


def show(seat: Seat) -> None:
    """Show the log."""
    if st.button("Check that it is whole", icon=":material/verified_user:", key="verify"):
        found = seat.api.verify_audit()
        if found.ok:
            st.success(f"Whole: {counted(found.entries, 'entry', 'entries')}.")
        else:
            st.error(f"Broken at entry {found.broken_at}: {found.reason}", icon=":material/error:")
    page = seat.api.audit(PAGE, paging.cursor(_LIST))
    if not page.items:
        words.nothing("Nothing has been written down yet.")
        return
    names = {str(user.id): user.email for user in seat.api.users()}
    marks.table(
        "Audit log",
        ("No.", "When", "What", "By", "About", "From", "Details"),
        [_row(entry, names) for entry in page.items],
    )
    paging.turn(_LIST, page.next)


def _row(entry: AuditEntry, names: Mapping[str, str]) -> tuple[str, ...]:
    details = ", ".join(f"{name}: {_said(value)}" for name, value in entry.details.items())
    return (
        str(entry.seq),
        moment(entry.at),
        entry.event,
        _named(entry.actor, names),
        _named(entry.subject, names),
        entry.address or "—",
        details or "—",
    )


def _named(user: object, names: Mapping[str, str]) -> str:
    """Show a user by their address; what is none here, such as a key, by its id."""
    return names.get(str(user), str(user)) if user else "—"


def _said(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
