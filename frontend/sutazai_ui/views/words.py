"""Words that several views show: nobody logged in, something went wrong."""

from html import escape

import streamlit as st

from sutazai_ui.client import Trouble
from sutazai_ui.views.verbatim import in_label


def signed_out(login_url: str) -> None:
    """Ask to log in."""
    st.title("SutazAI")
    st.write(
        "Agents on this machine work on your goal with your documents, and answer with sources. "
        "Nothing leaves the machine."
    )
    # A link of Streamlit's own would open another tab.
    st.html(f'<a class="sz-button" href="{escape(login_url)}" target="_self">Log in</a>')
    st.caption("The first start wrote an e-mail address and a password to `credentials.json`.")


def trouble(trouble: Trouble, about: str = "") -> None:
    """Say what went wrong, what it is about, and the id that the log knows it by."""
    told = f"{about}: {trouble.message}" if about else trouble.message
    known = f"\n\nRequest {in_label(trouble.request_id)}" if trouble.request_id else ""
    st.error(f"{in_label(told)}{known}", icon=":material/error:")
