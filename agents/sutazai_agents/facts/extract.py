"""The facts of a document, each with the chunk that says so."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from sutazai_agents.documents.parsed import Parsed
from sutazai_agents.facts.code import code_facts
from sutazai_agents.facts.definitions import Definition, definition
from sutazai_agents.facts.found import Found, Said, Thing, shown
from sutazai_agents.facts.links import document_thing, links, section_thing
from sutazai_agents.facts.names import Capitals, capitals, names
from sutazai_agents.facts.quantities import dates, quantities
from sutazai_agents.facts.resolving import short_forms
from sutazai_agents.facts.terms import Terms
from sutazai_agents.sentences import Span, sentences, whole_lines
from sutazai_contracts.graph import (
    MOST_MENTIONS,
    MOST_OF_DOCUMENT,
    MOST_RELATIONS,
    ChunkFacts,
    EntityKind,
    Mention,
    Relation,
    RelationKind,
)
from sutazai_contracts.knowledge import Chunk

_HEADING = re.compile(r"\s{0,3}#{1,6}\s")
_CODE = "text/x-"
# Of one sentence; a list of fifty names says little of any two of them.
_MOST_TOGETHER = 8
# What is kept first where there is more than a chunk may have.
_RANKS = (
    RelationKind.IS_A,
    RelationKind.LINKS_TO,
    RelationKind.IMPORTS,
    RelationKind.DEFINES,
    RelationKind.CALLS,
    RelationKind.TOGETHER,
    RelationKind.PART_OF,
)
_BETWEEN_NAMES = frozenset({EntityKind.NAME, EntityKind.TERM})


@dataclass(slots=True)
class _Part:
    """What was found in one chunk."""

    found: list[Found] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)


def with_facts(chunks: Sequence[Chunk], parsed: Parsed, name: str) -> list[Chunk]:
    """Add to the chunks of a document the facts that are read from them by rules.

    Args:
        chunks: all of the document's, in order.
        parsed: the document.
        name: what its file is called.

    Returns:
        The same chunks; each has at most as many facts as a chunk may have, of a long document as
        many as its share of what a document may have.
    """
    document = Found(document_thing(name), shown(name), 0, 0)
    if parsed.media_type.startswith(_CODE):
        parts = _of_code(chunks, parsed, document)
    else:
        parts = _of_text(chunks, parsed.text, document)
    for chunk, part in zip(chunks, parts, strict=True):
        _add_section(part, chunk, document)
    long = short_forms(found for part in parts for found in part.found)
    share = max(1, MOST_OF_DOCUMENT // max(1, len(chunks)))
    return [
        chunk.model_copy(update={"facts": _facts(_resolved(part, long), share)})
        for chunk, part in zip(chunks, parts, strict=True)
    ]


def _of_code(chunks: Sequence[Chunk], parsed: Parsed, document: Found) -> list[_Part]:
    facts = code_facts(parsed.text, parsed.media_type.removeprefix(_CODE), document)
    starts = [chunk.start for chunk in chunks]
    parts = [_Part() for _ in chunks]

    def part_at(start: int, end: int) -> _Part:
        number = bisect_right(starts, start) - 1
        inside = number >= 0 and end <= chunks[number].end
        return parts[number] if inside else _Part()  # between chunks there is white space alone

    for found in facts.found:
        part_at(found.start, found.end).found.append(found)
    for said in facts.said:
        part_at(said.start, said.end).said.append(said)
    return parts


def _of_text(chunks: Sequence[Chunk], text: str, document: Found) -> list[_Part]:
    spans = [list(_sentences(text, chunk)) for chunk in chunks]
    known = capitals(text, (span for group in spans for span in group))
    read = [[_read(text, span, known) for span in group] for group in spans]
    terms = Terms(one.definition for group in read for one in group)
    return [
        _put_together(chunk, text, group, terms, document)
        for chunk, group in zip(chunks, read, strict=True)
    ]


def _sentences(text: str, chunk: Chunk) -> Iterator[Span]:
    """Give the sentences of a chunk: none goes on past an empty line, or from a heading."""
    begin = chunk.start
    for start, end in whole_lines(text, chunk.start, chunk.end):
        heading = _HEADING.match(text, start, end)
        if heading or not text[start:end].strip():
            yield from sentences(text, begin, start)
            begin = end
    yield from sentences(text, begin, chunk.end)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """What a sentence names, and what it defines."""

    span: Span
    named: tuple[Found, ...]
    definition: Definition | None


def _read(text: str, span: Span, known: Capitals) -> _Sentence:
    counted = [*dates(text, *span), *quantities(text, *span)]
    counted = _apart(counted)
    named = [
        name
        for name in names(text, span, known)
        if not any(name.start < other.end and other.start < name.end for other in counted)
    ]
    found = sorted((*named, *counted), key=lambda one: (one.start, one.end))
    return _Sentence(span, tuple(found), definition(text, span, named))


def _apart(found: Iterable[Found]) -> list[Found]:
    """Leave out what overlaps something that begins before it, or at the same place as a date."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, one.thing.kind is not EntityKind.DATE)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _put_together(
    chunk: Chunk, text: str, read: Iterable[_Sentence], terms: Terms, document: Found
) -> _Part:
    part = _Part()
    for sentence in read:
        named = [*sentence.named]
        if sentence.definition is not None:
            defined = sentence.definition
            part.said.append(
                Said(defined.subject.thing, RelationKind.IS_A, defined.object.thing, *defined.span)
            )
            named += [one for one in (defined.subject, defined.object) if one not in named]
        named += terms.named(text, sentence.span, named)
        part.found += named
        part.said += _together(named, sentence.span)
    for link in links(text, chunk.start, chunk.end):
        if link.thing != document.thing:
            here = Found(document.thing, document.name, link.start, link.end)
            part.found += [link, here]
            part.said.append(
                Said(document.thing, RelationKind.LINKS_TO, link.thing, link.start, link.end)
            )
    return part


def _together(named: Iterable[Found], span: Span) -> Iterator[Said]:
    """Join what a sentence names: names with each other, dates and numbers with names alone."""
    things = list(dict.fromkeys(found.thing for found in named))[:_MOST_TOGETHER]
    for one, other in combinations(things, 2):
        if one.kind in _BETWEEN_NAMES or other.kind in _BETWEEN_NAMES:
            yield Said(one, RelationKind.TOGETHER, other, *span)


def _add_section(part: _Part, chunk: Chunk, document: Found) -> None:
    """Say where a chunk stands: its section is part of the one above, the first of the document."""
    above = Found(document.thing, document.name, chunk.start, chunk.end)
    part.found.append(above)
    for depth, heading in enumerate(chunk.heading_path, start=1):
        thing = section_thing(document.thing, chunk.heading_path[:depth])
        section = Found(thing, shown(heading) or thing.key, chunk.start, chunk.end)
        if section.thing not in {found.thing for found in part.found}:
            part.found.append(section)
            part.said.append(Said(thing, RelationKind.PART_OF, above.thing, chunk.start, chunk.end))
        above = section


def _resolved(part: _Part, long: Mapping[Thing, Thing]) -> _Part:
    def whole(thing: Thing) -> Thing:
        return long.get(thing, thing)

    return _Part(
        [replace(found, thing=whole(found.thing)) for found in part.found],
        [
            replace(said, subject=whole(said.subject), object=whole(said.object))
            for said in part.said
            if whole(said.subject) != whole(said.object)
        ],
    )


def _facts(part: _Part, most: int) -> ChunkFacts:
    """Keep the first place of each thing, and of each pair; of too many the most telling.

    `most`: how many mentions there may be, and how many relations, where a chunk may have as many.
    """
    said = _ranked(part.said)
    first: dict[Thing, Found] = {}
    for found in part.found:
        first.setdefault(found.thing, found)
    wanted = dict.fromkeys(thing for one in said for thing in (one.subject, one.object))
    kept = [thing for thing in dict.fromkeys((*wanted, *first)) if thing in first]
    chosen = sorted(
        kept[: min(MOST_MENTIONS, most)],
        key=lambda thing: (first[thing].start, first[thing].end, thing),
    )
    numbers = {thing: number for number, thing in enumerate(chosen)}
    relations = [
        Relation(
            subject=numbers[one.subject],
            kind=one.kind,
            object=numbers[one.object],
            start=one.start,
            end=one.end,
        )
        for one in said
        if one.subject in numbers and one.object in numbers
    ]
    return ChunkFacts(
        mentions=tuple(_mention(first[thing]) for thing in chosen),
        relations=tuple(relations[: min(MOST_RELATIONS, most)]),
    )


def _ranked(all_said: Iterable[Said]) -> list[Said]:
    """Give what is said once each, the most telling first.

    That two things are named together is said of those alone of which nothing else is.
    """
    once: dict[tuple[RelationKind, Thing, Thing], Said] = {}
    joined: set[frozenset[Thing]] = set()
    for said in sorted(all_said, key=lambda said: _RANKS.index(said.kind)):
        pair = frozenset((said.subject, said.object))
        if said.kind is not RelationKind.TOGETHER or pair not in joined:
            once.setdefault((said.kind, said.subject, said.object), said)
            joined.add(pair)
    return list(once.values())[:MOST_RELATIONS]


def _mention(found: Found) -> Mention:
    return Mention(
        kind=found.thing.kind,
        key=found.thing.key,
        name=found.name,
        start=found.start,
        end=found.end,
    )
