"""Whether a claim says otherwise than its quotes, by wording rules for English and German.

Seen are another number or unit, another name, a negation on one side alone (`not`, `never`,
`kein`, `un-` …), and a word on one side whose opposite is on the other (`opens`, `closes`). Not
seen are opposites that no list names, a change of roles (`A calls B`, `B calls A`), what only
arithmetic or knowledge of the world tells, irony, and, in German, names, which are not told from
other nouns. In other languages only figures are compared.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sutazai_agents.reviewer.figures import agree, figures
from sutazai_agents.sentences import sentences
from sutazai_agents.wording import Wanted, content_words

_NEGATIONS = frozenset(
    str.split(
        "not no never none nobody nothing neither nor cannot hardly nowhere "
        "nicht kein keine keinen keinem keiner keines nie niemals niemand niemanden nichts weder "
        "kaum nirgends"
    )
)
# Words with a negation that deny nothing.
_NO_DENIAL = re.compile(
    r"\b(?:not only|no (?:later|earlier|more|less|fewer) than|not (?:later|earlier|more|less) than|"
    r"no\. ?(?=\d)|nicht nur|nicht (?:später|früher|mehr|weniger) als|no matter|whether or not)\b"
    r"|\bno\.(?= ?\d)",
    re.IGNORECASE,
)
_OPPOSITES = (
    ("open opens opened öffnet offen geöffnet", "close closes closed schließt geschlossen"),
    ("increase increases increased rise rises rose steigt stieg gestiegen",
     "decrease decreases decreased fall falls fell drops dropped sinkt sank gesunken"),
    ("allowed allows permitted permits may erlaubt darf dürfen",
     "forbidden forbids prohibited prohibits verboten verbietet"),
    ("before vor bevor", "after nach nachdem"), ("always immer", "never nie niemals"),
    ("more mehr", "less fewer weniger"), ("above oberhalb", "below unterhalb"),
    ("first erste ersten erster", "last letzte letzten letzter"),
    ("minimum least mindestens", "maximum most höchstens"),
    ("enabled enables enable aktiviert", "disabled disables disable deaktiviert"),
    ("with mit", "without ohne"), ("accepted accepts angenommen", "rejected rejects abgelehnt"),
    ("higher höher", "lower niedriger"), ("larger bigger größer", "smaller kleiner"),
    ("faster schneller", "slower langsamer"), ("all every alle jeder", "none keiner"),
    ("early früh", "late spät"), ("morning morgens", "evening abends"),
    ("true wahr", "false falsch"), ("succeeds succeeded gelingt", "fails failed scheitert"),
    ("buy buys bought kauft", "sell sells sold verkauft"), ("left links", "right rechts"),
    ("north nördlich", "south südlich"), ("east östlich", "west westlich"),
    ("required mandatory pflicht", "optional freiwillig"),
)  # fmt: skip
_AGAINST = {
    word: frozenset(other.split())
    for pair in _OPPOSITES
    for one, other in (pair, pair[::-1])
    for word in one.split()
}
_WORD = re.compile(r"[^\W_]+(?:['’]t)?")
_CLAUSE = re.compile(
    r"[,;:–—]\s|\s(?:but|and|while|whereas|because|aber|sondern|und|während|weil|denn)\s",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"(?:It|They|He|She|This|These|Those|Er|Sie|Es|Dies|Diese[rs]?)\b")
_PREFIXES = ("un", "in", "im", "dis", "non", "ir")
_NAME = re.compile(r"(?<=[\w,;] )[A-ZÄÖÜ][\w'’-]+")
_CAPITAL = re.compile(r"\b[A-ZÄÖÜ][\w-]+")
_FIRST = re.compile(r"^[\"'“„(]*([A-ZÄÖÜ][\w-]+)")
_GERMAN = frozenset(
    str.split(
        "der die das ein eine einen ist sind und nicht mit von für auf im den dem wird werden"
    )
)
# Fewer words in common than this, and two clauses do not speak of one thing.
_LEAST_SHARED = 2


def contradicts(claim: str, quotes: Sequence[str]) -> bool:
    """Tell whether a claim says otherwise than its quotes, as far as wording shows it."""
    quoted = " ".join(quotes)
    if not agree(figures(claim), figures(quoted)):
        return True
    if _other_name(claim, quoted):
        return True
    parts = [part for quote in quotes for part in _parts(quote)]
    return any(_denied(part, parts) for part in _clauses(claim))


@dataclass(frozen=True, slots=True)
class _Part:
    """A clause or a sentence: without its negation, its words, its content words, whether denied.

    `before` are the content words of what its pronoun or missing subject stands for, as good as
    known.
    """

    text: str
    plain: frozenset[str]
    words: frozenset[str]
    denied: bool
    before: frozenset[str] = frozenset()

    @property
    def said(self) -> frozenset[str]:
        """Give all content words."""
        return self.words | self.before


def _denied(claim: _Part, parts: Sequence[_Part]) -> bool:
    """Tell whether what speaks of the same thing most closely says the opposite."""
    wanted = Wanted(claim.text)
    against = frozenset(other for word in claim.plain for other in _AGAINST.get(word, ()))
    shared = {
        n: len(wanted.among(part.said)) + opposed
        for n, part in enumerate(parts)
        # What a sentence's pronoun stands for is not enough of it.
        if (opposed := bool(part.plain & against) or _differ_by_prefix(claim, part))
        or wanted.among(part.words)
    }
    most = max(shared.values(), default=0)
    if most < min(_LEAST_SHARED, len(claim.words)) or 2 * most < len(claim.words) or not most:
        return False
    closest = [parts[n] for n, count in shared.items() if count == most]
    size = min(len(part.said) for part in closest)
    return all(_opposed(claim, part) for part in closest if len(part.said) <= size)


def _opposed(claim: _Part, quoted: _Part) -> bool:
    """Tell whether one of two parts denies what the other says; two reversals undo one another."""
    only_claimed, only_quoted = claim.plain - quoted.plain, quoted.plain - claim.plain
    reversals = int(claim.denied != quoted.denied)
    reversals += any(_AGAINST.get(word, frozenset()) & only_quoted for word in only_claimed)
    reversals += _differ_by_prefix(claim, quoted)
    return reversals % 2 == 1


def _differ_by_prefix(one: _Part, other: _Part) -> bool:
    """Tell whether a word of one is denied by its prefix in the other."""
    there, here = one.plain - other.plain, other.plain - one.plain
    return _prefixed(there, here) or _prefixed(here, there)


def _prefixed(words: frozenset[str], others: frozenset[str]) -> bool:
    """Tell whether a word is another one with a prefix that denies it."""
    return any(
        word.startswith(prefix) and len(word) - len(prefix) > 3 and word[len(prefix) :] in others
        for word in words
        for prefix in _PREFIXES
    )


def _parts(text: str) -> Iterator[_Part]:
    """Give the sentences of a quote, and the clauses of each."""
    before: frozenset[str] = frozenset()
    for start, end in sentences(text, 0, len(text)):
        sentence = text[start:end]
        whole = _part(sentence)
        yield replace(whole, before=before) if _PRONOUN.match(sentence) else whole
        before = whole.words
        clauses = _CLAUSE.split(sentence)
        if len(clauses) > 1:
            # The subject stands in the first one, as a rule.
            first = _part(clauses[0])
            yield first
            yield from (replace(_part(clause), before=first.words) for clause in clauses[1:])


def _clauses(claim: str) -> list[_Part]:
    """Give the clauses of a claim that say enough to be found again, else the whole."""
    found = [_part(clause) for clause in _CLAUSE.split(claim)]
    if len(found) > 1 and all(len(part.words) >= _LEAST_SHARED for part in found):
        return found
    return [_part(claim)]


def _part(text: str) -> _Part:
    bare = _NO_DENIAL.sub(" ", text)
    plain = [word.replace("’", "'") for word in _WORD.findall(bare.casefold())]
    denials = sum(word in _NEGATIONS or word.endswith("n't") for word in plain)
    said = " ".join(word.removesuffix("n't") for word in plain if word not in _NEGATIONS)
    return _Part(said, frozenset(said.split()), frozenset(content_words(said)), denials % 2 == 1)


def _other_name(claim: str, quoted: str) -> bool:
    """Tell whether an English claim names whom or what its quotes do not."""
    if sum(word in _GERMAN for word in claim.casefold().split()) >= 1:
        return False
    there = Wanted(quoted).words
    names = [name for name in _NAME.findall(claim) if _missing(name, there)]
    first = _FIRST.match(claim)
    # A sentence begins with a capital anyhow: it is a name where all else of it is quoted, with
    # another name.
    others = any(_missing(name, Wanted(claim).words) for name in _CAPITAL.findall(quoted))
    if first and others and _missing(first[1], there):
        rest = Wanted(claim[first.end() :])
        if rest.words and rest.among(content_words(quoted)) == rest.words:
            names.append(first[1])
    return bool(names)


def _missing(name: str, there: frozenset[str]) -> bool:
    """Tell whether a name is not quoted, in no form of it."""
    words = content_words(name)
    return bool(words) and not figures(name) and len(Wanted(name).among(there)) < len(set(words))
