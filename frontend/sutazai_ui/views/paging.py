"""Lists in pages: where a tab stands in each, and the buttons that turn a page."""

import streamlit as st


def cursor(key: str) -> str | None:
    """Give the cursor of the page that is shown of a list; None: the first."""
    cursors = _cursors(key)
    return cursors[-1] if cursors else None


def first(key: str) -> None:
    """Go back to the first page of a list."""
    _cursors(key).clear()


def turn(key: str, following: str | None, back: str = "Newer", on: str = "Older") -> None:
    """Offer the pages before and after the one that is shown, where there are any.

    Args:
        key: which list.
        following: the cursor of the page after this one; None: there is none.
        back: what the way back is called.
        on: what the way on is called.
    """
    before = bool(_cursors(key))
    if not before and following is None:
        return
    with st.container(horizontal=True):
        st.button(
            back,
            icon=":material/chevron_left:",
            key=f"{key}-back",
            disabled=not before,
            on_click=_back,
            args=(key,),
        )
        st.button(
            on,
            icon=":material/chevron_right:",
            key=f"{key}-on",
            disabled=following is None,
            on_click=_on,
            args=(key, following),
        )


def _cursors(key: str) -> list[str]:
    cursors: list[str] = st.session_state.setdefault(f"cursors-{key}", [])
    return cursors


def _back(key: str) -> None:
    del _cursors(key)[-1:]


def _on(key: str, following: str) -> None:
    _cursors(key).append(following)
