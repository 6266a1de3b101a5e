"""Cut a document into chunks that the embedding model takes whole.

Each section (what stands between two headings) is cut where it costs least: between blocks for
nothing, between sentences for little, inside a listing or a word for much; too small and too large
chunks cost as well. Headings without text of their own go with their first subsection.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sutazai_agents.documents.parsed import Parsed
from sutazai_agents.librarian.cutting import LONGEST_CHUNK, Room, best_cuts
from sutazai_agents.librarian.pieces import Piece, Seam, finer, pieces, sections
from sutazai_agents.sentences import Span
from sutazai_contracts.errors import InvalidInput
from sutazai_contracts.knowledge import Chunk, chunk_id
from sutazai_kit.embeddings.port import Embeddings

SPECIAL_TOKENS = 2
LONGEST_PREFIX = 160
_SEPARATOR = " > "
# No token is shorter than a byte, so the prefix never takes more than LONGEST_PREFIX of these.
_FEWEST_TOKENS = 224
_BATCH_TEXTS = 512
_BATCH_CHARACTERS = 128 * 1024

_Cut = tuple[tuple[str, ...], Span]


def embedding_text(chunk: Chunk) -> str:
    """Give what is embedded of a chunk: its heading path on a line, then its text."""
    return _embedded(chunk.heading_path, chunk.text)


async def chunk_document(parsed: Parsed, version: UUID, embeddings: Embeddings) -> list[Chunk]:
    """Cut a document into chunks.

    Args:
        parsed: the document.
        version: which version it is; ids are made of it and the numbers of the chunks.
        embeddings: the model whose tokens count.

    Returns:
        Chunks in the order of the text; together they hold all of it but white space, none
        overlaps another, and none is longer with its headings than the model takes.

    Raises:
        InvalidInput: the model takes too few tokens for chunks with headings.
        EmbedderUnavailable: the model does not answer.
    """
    longest = embeddings.model.max_tokens
    if longest < _FEWEST_TOKENS:
        raise InvalidInput(
            f"The embedding model {embeddings.model.name} takes {longest} tokens at once; "
            f"at least {_FEWEST_TOKENS} are needed."
        )
    parts = await asyncio.to_thread(_parts, parsed, longest)
    await _count_prefixes(parts, embeddings)
    await _count_pieces(parsed.text, parts, embeddings)
    cuts = await asyncio.to_thread(_cut, parsed.text, parts)
    cuts = await _within(cuts, parsed.text, longest - SPECIAL_TOKENS, embeddings)
    return [
        Chunk(
            id=chunk_id(version, number),
            version=version,
            number=number,
            start=start,
            end=end,
            heading_path=path,
            text=parsed.text[start:end],
        )
        for number, (path, (start, end)) in enumerate(cuts)
    ]


@dataclass
class _Part:
    """A section on its way to chunks."""

    heading_path: tuple[str, ...]
    pieces: list[Piece]
    room: Room
    tokens: list[int] = field(default_factory=list)


def _parts(parsed: Parsed, longest: int) -> list[_Part]:
    room = Room(longest, SPECIAL_TOKENS)
    return [
        _Part(section.heading_path, _short_enough(parsed.text, pieces(parsed.text, section)), room)
        for section in sections(parsed.blocks)
    ]


def _embedded(path: Sequence[str], text: str) -> str:
    prefix = _prefix(path)
    return f"{prefix}\n{text}" if prefix else text


def _prefix(path: Sequence[str]) -> str:
    """Join headings; where that is long, leave out the left: the nearest say most."""
    kept = list(path)
    while len(kept) > 1 and len(_SEPARATOR.join(kept).encode()) > LONGEST_PREFIX:
        del kept[0]
    prefix = _SEPARATOR.join(kept)
    if len(prefix.encode()) <= LONGEST_PREFIX:
        return prefix
    tail = prefix.encode()[-LONGEST_PREFIX:].decode(errors="ignore")
    return tail.partition(" ")[2].strip() or tail.strip()


def _short_enough(text: str, whole: Iterable[Piece]) -> list[Piece]:
    """Cut pieces until none has more characters than a chunk may have."""
    kept: list[Piece] = []
    waiting = list(whole)[::-1]
    while waiting:
        piece = waiting.pop()
        if piece.end - piece.start <= LONGEST_CHUNK:
            kept.append(piece)
        else:
            waiting.extend(reversed(finer(text, piece)))
    return kept


async def _count_prefixes(parts: Sequence[_Part], embeddings: Embeddings) -> None:
    paths = {part.heading_path for part in parts}
    counts = await _count([_prefix(path) for path in paths], embeddings)
    overhead = dict(zip(paths, counts, strict=True))
    for part in parts:
        part.room = Room(part.room.max_tokens, SPECIAL_TOKENS + overhead[part.heading_path])


async def _count_pieces(text: str, parts: Sequence[_Part], embeddings: Embeddings) -> None:
    """Count the tokens of all pieces, and cut those that are too long until none is."""
    waiting = list(parts)
    while waiting:
        texts = [text[piece.start : piece.end] for part in waiting for piece in part.pieces]
        counts = iter(await _count(texts, embeddings))
        for part in waiting:
            part.tokens = [next(counts) for _ in part.pieces]
        waiting = [part for part in waiting if _refined(text, part)]


def _refined(text: str, part: _Part) -> bool:
    """Cut the pieces of a section that are too long; tell whether there was one."""
    refined: list[Piece] = []
    for piece, tokens in zip(part.pieces, part.tokens, strict=True):
        refined.extend([piece] if tokens <= part.room.most else finer(text, piece))
    changed = len(refined) > len(part.pieces)
    part.pieces = refined
    return changed


def _cut(text: str, parts: Iterable[_Part]) -> list[_Cut]:
    return [
        (part.heading_path, span)
        for part in parts
        for span in best_cuts(part.pieces, part.tokens, part.room)
    ]


async def _within(cuts: list[_Cut], text: str, limit: int, embeddings: Embeddings) -> list[_Cut]:
    """Halve the chunks that are longer than the model takes.

    Counts of pieces add up only where white space is between them, so pieces of Chinese, or of one
    long word, may have more tokens together.
    """
    while True:
        embedded = [_embedded(path, text[start:end]) for path, (start, end) in cuts]
        counts = await _count(embedded, embeddings)
        halved = [
            (path, half)
            for (path, span), tokens in zip(cuts, counts, strict=True)
            for half in (_halves(text, span) if tokens > limit else [span])
        ]
        if len(halved) == len(cuts):
            return cuts
        cuts = halved


def _halves(text: str, span: Span) -> list[Span]:
    parts = finer(text, Piece(*span, Seam.BLOCK))
    middle = len(parts) // 2
    halves = (parts[:middle], parts[middle:])
    return [(half[0].start, half[-1].end) for half in halves if half]


async def _count(texts: Sequence[str], embeddings: Embeddings) -> list[int]:
    """Count tokens, in calls of a size that keeps none waiting for long."""
    counts: list[int] = []
    for batch in _batches(texts):
        counts += await embeddings.count_tokens(batch)
    return counts


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        if len(batch) == _BATCH_TEXTS or characters > _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    if batch:
        yield batch
