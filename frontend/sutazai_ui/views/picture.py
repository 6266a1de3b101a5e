"""Things and what joins them as a picture, each a link to go on by: links and lines of HTML.

Each thing is one of Streamlit's own links, which the keyboard reaches and which leads on without
loading the page anew; a sheet of style puts it in its place. Lines lie beneath and say nothing that
is not said below the picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import streamlit as st

from sutazai_ui.seat import Seat
from sutazai_ui.views import places
from sutazai_ui.views.verbatim import in_label

# From so many pixels on there is room for all.
ROOM = 700
_THINNEST, _THICKEST = 1.5, 6.0


@dataclass(frozen=True)
class Box:
    """A thing in a picture: its name, what there is to say in a few words, where it leads."""

    id: str
    name: str
    about: str
    icon: str
    page: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """What joins two things: how strong that is, whether it has a direction, a number beside it."""

    start: str
    end: str
    weight: float
    directed: bool = False
    number: str = ""


def star(seat: Seat, label: str, boxes: Sequence[Box], lines: Sequence[Line]) -> None:
    """Show what is around the first of some things; on a phone one below the other."""
    _show(seat, label, boxes, lines, centred=True)


def ring(seat: Seat, label: str, boxes: Sequence[Box], lines: Sequence[Line]) -> None:
    """Show things in a ring; on a phone without lines where they are many."""
    _show(seat, label, boxes, lines, centred=False)


def row(seat: Seat, boxes: Sequence[Box], between: Sequence[str]) -> None:
    """Show things in order, with what is between each and the next in words of our own."""
    with st.container(key="picture-row", horizontal=True, vertical_alignment="center"):
        for number, box in enumerate(boxes):
            if number:
                st.html(f'<div class="sz-between">{escape(between[number - 1])}</div>')
            _link(seat, box, f"row-{number}")


def _show(
    seat: Seat, label: str, boxes: Sequence[Box], lines: Sequence[Line], *, centred: bool
) -> None:
    wide = places.ring(len(boxes), places.WIDE, centred=centred)
    small = not centred and len(boxes) <= places.MOST_NARROW
    narrow = places.ring(len(boxes), places.NARROW, centred=False) if small else None
    kind = "star" if centred else "ring" if small else "list"
    st.html(_sheet(wide, narrow))
    with st.container(key="picture-frame"), st.container(key=f"picture-{kind}"):
        order = [box.id for box in boxes]
        drawn = _lines(order, lines, wide, "wide")
        drawn += _lines(order, lines, narrow, "narrow") if narrow else ""
        # The heading of what follows, for whoever does not see that it is one picture.
        st.html(f'<div class="sz-only">{escape(label)}</div><div aria-hidden="true">{drawn}</div>')
        for number, box in enumerate(boxes):
            if number == 0 and centred:
                _middle(box)
            else:
                _link(seat, box, f"box-{number}")


def _middle(box: Box) -> None:
    with st.container(key="box-0"):
        st.html(
            f'<div class="sz-middle"><div class="sz-name">{escape(box.name)}</div>'
            f'<div class="who">{escape(box.about)}</div></div>'
        )


def _link(seat: Seat, box: Box, key: str) -> None:
    with st.container(key=key):
        label = f"{in_label(box.name)} :small[{in_label(box.about)}]"
        seat.link(box.page, label, box.icon, wide=True, **box.params)


def _sheet(wide: places.Drawn, narrow: places.Drawn | None) -> str:
    """Give the style that puts each box in its place."""
    parts = [f"@container (min-width: {ROOM}px) {{{_placed(wide, places.WIDE)}}}"]
    if narrow is not None:
        parts.append(
            f"@container (max-width: {ROOM - 0.02}px) {{{_placed(narrow, places.NARROW)}}}"
        )
    return f"<style>{''.join(parts)}</style>"


def _placed(drawn: places.Drawn, size: places.Size) -> str:
    frame = (
        f'[class*="st-key-picture-"]:not(.st-key-picture-frame) {{width: {size.width}px;'
        f" min-height: {drawn.height:.0f}px}}"
    )
    return frame + "".join(
        f".st-key-box-{number} {{position: absolute; left: {x - size.box_width / 2:.0f}px;"
        f" top: {y - size.box_height / 2:.0f}px; width: {size.box_width}px !important;"
        f" height: {size.box_height}px}}"
        for number, (x, y) in enumerate(drawn.middles)
    )


def _lines(order: Sequence[str], lines: Sequence[Line], drawn: places.Drawn, name: str) -> str:
    at = dict(zip(order, drawn.middles, strict=True))
    strongest = max((line.weight for line in lines), default=1.0)
    inner = "".join(_line(line, at, strongest) for line in lines)
    return f'<div class="sz-lines {name}">{inner}</div>'


def _line(line: Line, at: Mapping[str, tuple[float, float]], strongest: float) -> str:
    start, end = at[line.start], at[line.end]
    long, turned = places.line(start, end)
    thick = _THINNEST + (_THICKEST - _THINNEST) * (line.weight - 1) / max(strongest - 1, 1)
    drawn = (
        f'<div class="sz-line{" to" if line.directed else ""}" style="left:{start[0]:.1f}px;'
        f"top:{start[1]:.1f}px;width:{long:.1f}px;height:{thick:.1f}px;"
        f'margin-top:{-thick / 2:.1f}px;transform:rotate({turned:.1f}deg)"></div>'
    )
    if not line.number:
        return drawn
    # Nearer to where it comes from, so that those of both directions stand beside each other.
    x, y = (start[0] * 0.64 + end[0] * 0.36, start[1] * 0.64 + end[1] * 0.36)
    return f'{drawn}<span class="sz-number" style="left:{x:.1f}px;top:{y:.1f}px">' + (
        f"{escape(line.number)}</span>"
    )
