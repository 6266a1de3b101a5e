"""A run's plan as a graph: which step waits for which, and how each does. Boxes and lines of HTML.

Streamlit strips SVG from a page's own markup, and a graph of its own would fetch a program first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from sutazai_ui.client import Step
from sutazai_ui.views import look

WIDTH, HEIGHT = 176, 74
# Space between two layers, in which lines run, and between two boxes of one layer; in pixels.
BETWEEN, BESIDE = 44, 18
LINE = 2


@dataclass(frozen=True)
class Place:
    """Where a box is: its layer, its row in it, and its left upper corner in pixels."""

    layer: int
    row: int
    left: float
    top: float


def graph(steps: Sequence[Step]) -> str:
    """Give the markup of a plan: side by side for a wide page, one below the other for a phone."""
    return _drawn(steps, tall=False) + _drawn(steps, tall=True)


def layers(steps: Sequence[Step]) -> list[list[str]]:
    """Give the steps by how many others have to be done before, at most."""
    known = {step.id: step for step in steps}
    depth: dict[str, int] = {}

    def deep(name: str, above: frozenset[str]) -> int:
        if name not in depth:
            needs = [need for need in known[name].needs if need in known and need not in above]
            depth[name] = 1 + max((deep(need, above | {name}) for need in needs), default=-1)
        return depth[name]

    found: list[list[str]] = []
    for step in steps:
        layer = deep(step.id, frozenset())
        while len(found) <= layer:
            found.append([])
        found[layer].append(step.id)
    return found


def _drawn(steps: Sequence[Step], *, tall: bool) -> str:
    across = layers(steps)
    broadest = max(map(len, across), default=0)
    places: dict[str, Place] = {}
    for number, layer in enumerate(across):
        free = (broadest - len(layer)) / 2
        for row, name in enumerate(layer):
            along, beside = (HEIGHT, WIDTH) if tall else (WIDTH, HEIGHT)
            x, y = number * (along + BETWEEN), (row + free) * (beside + BESIDE)
            places[name] = Place(number, row, *((y, x) if tall else (x, y)))
    deep = len(across) * ((HEIGHT if tall else WIDTH) + BETWEEN) - BETWEEN
    broad = broadest * ((WIDTH if tall else HEIGHT) + BESIDE) - BESIDE
    width, height = (broad, deep) if tall else (deep, broad)
    done = {step.id for step in steps if step.status == "succeeded"}
    lines = "".join(
        _edge(places[need], places[step.id], tall=tall, done=need in done)
        for step in steps
        for need in step.needs
        if need in places
    )
    boxes = "".join(_box(step, places[step.id]) for step in steps)
    label = f"Plan of {len(steps)} step{'s' if len(steps) != 1 else ''}"
    return (
        f'<div class="sz-graph {"tall" if tall else "wide"}" role="region" tabindex="0" '
        f'aria-label="{label}"><div style="position:relative;width:{width:g}px;'
        # Lines say nothing that the boxes do not say, and lie beneath them.
        f'height:{height:g}px"><div aria-hidden="true">{lines}</div><ol>{boxes}</ol></div></div>'
    )


def _box(step: Step, place: Place) -> str:
    after = f'<span class="sz-only">, after {escape(", ".join(step.needs))}</span>'
    tries = f", attempt {step.attempts}" if step.attempts > 1 else ""
    return (
        f'<li class="sz-node {look.kind(step.status)}" style="left:{place.left:g}px;'
        f'top:{place.top:g}px;width:{WIDTH}px;height:{HEIGHT}px">'
        f'<div class="sz-name">{escape(step.id)}</div>'
        f'<div class="who">{escape(step.agent)}{after if step.needs else ""}</div>'
        f'<div class="how sz-{look.kind(step.status)}">'
        f"{escape(look.said(step.status) + tries)}</div></li>"
    )


def _edge(start: Place, end: Place, *, tall: bool, done: bool) -> str:
    """Draw a line with two corners, which lie in the gap before the later layer."""
    if tall:
        x1, y1 = start.left + WIDTH / 2, start.top + HEIGHT
        x2, y2 = end.left + WIDTH / 2, end.top
        bend = y2 - BETWEEN / 2
        pieces = [(x1, y1, LINE, bend - y1), (min(x1, x2), bend, abs(x2 - x1) + LINE, LINE),
                  (x2, bend, LINE, y2 - bend)]  # fmt: skip
    else:
        x1, y1 = start.left + WIDTH, start.top + HEIGHT / 2
        x2, y2 = end.left, end.top + HEIGHT / 2
        bend = x2 - BETWEEN / 2
        pieces = [(x1, y1, bend - x1, LINE), (bend, min(y1, y2), LINE, abs(y2 - y1) + LINE),
                  (bend, y2, x2 - bend, LINE)]  # fmt: skip
    name = "sz-edge done" if done else "sz-edge"
    return "".join(
        f'<div class="{name}" style="left:{x:g}px;top:{y:g}px;width:{w:g}px;height:{h:g}px"></div>'
        for x, y, w, h in pieces
    )
