"""Tenants: those one is in, going over to another, making one."""

import streamlit as st

from sutazai_ui.client import SignedOut, Tenant, Trouble
from sutazai_ui.seat import Seat
from sutazai_ui.session import take
from sutazai_ui.views import marks, popups, words


def show(seat: Seat) -> None:
    """Show the tenants."""
    st.markdown("Each tenant has documents, runs and people of its own; none sees another's.")
    if seat.is_admin:
        with (
            popups.popup("tenant", "New tenant", ":material/add:"),
            st.form("new-tenant", clear_on_submit=True, border=False),
        ):
            name = st.text_input("Name", max_chars=100)
            if st.form_submit_button("Make it", type="primary"):
                _make(seat, name.strip())
    for tenant in seat.api.tenants():
        _row(seat, tenant)


def _make(seat: Seat, name: str) -> None:
    try:
        seat.api.make_tenant(name)
    except SignedOut:
        raise
    except Trouble as told:
        words.trouble(told)
        return
    popups.close("tenant")
    st.rerun()


def _row(seat: Seat, tenant: Tenant) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        here = marks.chip("well", "you are here") if tenant.current else ""
        st.html(
            f'<div class="sz-name">{marks.plain(tenant.name)} {here}</div>'
            f"{marks.remark(f'your role there: {tenant.role}')}"
        )
        if not tenant.current and st.button(
            "Go there", icon=":material/swap_horiz:", key=f"go-{tenant.id}"
        ):
            take(seat.cookie, seat.api.switch_tenant(tenant.id))
            st.rerun()
