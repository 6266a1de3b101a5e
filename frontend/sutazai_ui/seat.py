"""What a page is shown with: whose it is, what may be asked for them, and where else to go."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from sutazai_ui.client import Api, User
from sutazai_ui.settings import Settings


@dataclass(frozen=True)
class Seat:
    """One person at the dashboard, for one run of the script: `cookie` is their session's.

    `side` is where a page may put what is its own at the side.
    """

    api: Api
    user: User
    settings: Settings
    cookie: str
    side: st.delta_generator.DeltaGenerator
    pages: Mapping[str, st.Page] = field(default_factory=dict)

    @property
    def may_write(self) -> bool:
        """Tell whether this person may change anything; the API says so in the end."""
        return self.user.role != "viewer"

    @property
    def is_admin(self) -> bool:
        """Tell whether this person looks after others."""
        return self.user.role == "admin"

    def link(self, page: str, label: str, icon: str, *, wide: bool = False, **params: str) -> None:
        """Show a link to a page; the label is Markdown of our own."""
        st.page_link(
            self.pages[page],
            label=label,
            icon=icon,
            width="stretch" if wide else "content",
            query_params=params,
        )
