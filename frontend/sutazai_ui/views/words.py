"""Words that several views show: nobody logged in, something went wrong, nothing is there yet."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape

import streamlit as st

from sutazai_ui.client import SignedOut, Trouble
from sutazai_ui.session import begin_anew
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


def nothing(said: str, icon: str = ":material/lightbulb:") -> None:
    """Say that there is nothing yet, and what to do; `said` is our own Markdown."""
    st.info(said, icon=icon)


@contextmanager
def telling(about: str = "") -> Iterator[None]:
    """Say the trouble of a part of a page, and show the rest; the end of a session passes on."""
    try:
        yield
    except SignedOut:
        raise
    except Trouble as told:
        trouble(told, about)


def renewing(name: str, part: Callable[[], None], every_s: float | None) -> None:
    """Show a part of a page that renews itself; where the session has ended the page begins anew.

    Args:
        name: tells it from the page's other ones.
        part: shows it.
        every_s: seconds between two times; None: once.
    """

    def shown() -> None:
        try:
            part()
        except SignedOut as over:
            if begin_anew():
                st.rerun()
            trouble(over)
        except Trouble as told:
            trouble(told)

    # `look` has what stands in here not fade while it is made anew.
    with st.container(key=f"renews-{name}"):
        if every_s is None:
            part()
        else:
            st.fragment(shown, run_every=every_s)()
