"""Flatten HTML that would make a tree far larger or deeper than itself.

The HTML standard's tree construction is not linear: formatting elements left open are made again
in every paragraph that follows (53 KB grew to 5 million nodes here), and each start tag looks
through all open elements (32 000 nested `<div>` took 1.5 s, twice as many four times that).
Neither happens once formatting tags are plain `<span>`s and the depth is bounded.
"""

import re

_DEEPEST_BLOCKS = 256
_DEEPEST_INLINE = 64
_FAR_ENOUGH = 64

# Comments and elements whose content is no markup are taken whole, up to the end where they are
# not closed, so that each character is looked at once.
_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<[!?][^>]*+>?"
    r"|<(script|style|title|textarea|xmp|iframe|noembed|noframes)(?=[\s/>]).*?(?:</\1|\Z)"
    r"|<(?P<end>/?)(?P<name>[a-z][^\s/>]*+)(?:[^>\"']|\"[^\"]*\"|'[^']*')*+",
    re.IGNORECASE | re.DOTALL,
)
_FORMATTING = frozenset(str.split("a b big code em font i nobr s small strike strong tt u"))
_VOID = frozenset(
    str.split(
        "area base basefont bgsound br col embed frame hr img image input keygen link meta "
        "param source track wbr"
    )
)
# They end by themselves where the next one begins, and nest only by elements that are counted.
_ENDING_BY_THEMSELVES = frozenset(
    str.split(
        "p li dt dd tr td th thead tbody tfoot colgroup option optgroup rb rt rtc rp html head "
        "body h1 h2 h3 h4 h5 h6"
    )
)
_INLINE = frozenset(
    str.split(
        "span abbr acronym bdi bdo cite data del dfn ins kbd label mark meter output progress "
        "q ruby samp slot sub sup time var picture map"
    )
)
# An end tag does not reach beyond these.
_BARRIERS = frozenset(
    str.split(
        "applet button caption dl math marquee object ol select svg table template ul "
        "foreignobject desc"
    )
)


def flatten(html: str) -> str:
    """Give HTML that shows the same text and whose tree is about as large as itself."""
    return _TOKEN.sub(_Flattener().token, html)


class _Flattener:
    """Follow which elements are open; where unsure, take them for open still."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._blocks = 0

    def token(self, match: re.Match[str]) -> str:
        """Give what stands for a token."""
        whole = match[0]
        if not (name := match["name"]):
            return whole
        lower = name.lower()
        if lower in _FORMATTING:
            lower = "span"
        if match["end"]:
            self._close(lower)
            return f"</{lower}{whole[len(name) + 2 :]}"
        return f"<{self._opened(lower)}{whole[len(name) + 1 :]}"

    def _opened(self, name: str) -> str:
        if name in _VOID or name in _ENDING_BY_THEMSELVES:
            return name
        inline = name in _INLINE
        # Too deep: the tag keeps its place, but opens nothing.
        if inline and len(self._open) - self._blocks >= _DEEPEST_INLINE:
            return "wbr"
        if not inline and self._blocks >= _DEEPEST_BLOCKS:
            return "br"
        self._open.append(name)
        self._blocks += not inline
        return name

    def _close(self, name: str) -> None:
        passes_blocks = name not in _INLINE and name != "form"
        for back, other in enumerate(reversed(self._open[-_FAR_ENOUGH:]), start=1):
            if other == name:
                closed = self._open[-back:]
                del self._open[-back:]
                self._blocks -= sum(element not in _INLINE for element in closed)
                return
            if other in _BARRIERS or (not passes_blocks and other not in _INLINE):
                return
