"""Write a text of one's own, block by block: for formats whose source is not what people read."""

from sutazai_agents.documents.parsed import Block, Kind
from sutazai_contracts.errors import UnreadableDocument

# A bound on what a document may grow to: at most this many characters are stored of one.
MOST_CHARACTERS = 20_000_000


class Writer:
    """Collect blocks of text, apart by a blank line."""

    def __init__(self) -> None:
        """Start empty."""
        self.blocks: list[Block] = []
        self._parts: list[str] = []
        self._length = 0

    def add(self, text: str, kind: Kind, path: tuple[str, ...] = ()) -> None:
        """Add a block; one without anything to see is none.

        Raises:
            UnreadableDocument: it is too much for one document.
        """
        text = text.strip("\n").rstrip()
        if not text.strip():
            return
        if self._length + len(text) > MOST_CHARACTERS:
            raise too_long()
        if self._length:
            self._parts.append("\n\n")
            self._length += 2
        self._parts.append(text)
        self.blocks.append(Block(self._length, self._length + len(text), path, kind))
        self._length += len(text)

    def joined(self) -> str:
        """Give the whole text."""
        return "".join(self._parts)


def too_long() -> UnreadableDocument:
    """Make the error that says how much text a document may have."""
    return UnreadableDocument(
        f"The document has more than {MOST_CHARACTERS // 1_000_000} million characters of text: "
        "split it into smaller files."
    )
