"""Forms that open at a button, and close once what they ask for was done."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def popup(name: str, label: str, icon: str) -> DeltaGenerator:
    """Give a place that opens at a button; `close` closes it."""
    return st.popover(label, icon=icon, key=f"popup-{name}-{_round(name)}")


def close(name: str) -> None:
    """Close it: another one, closed, takes its place."""
    st.session_state[f"popup-round-{name}"] = _round(name) + 1


def _round(name: str) -> int:
    found: int = st.session_state.get(f"popup-round-{name}", 0)
    return found
