"""Numbers and their units, as English and German write them: `four euros` is `4 €`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ONES_EN = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
_ONES_EN += "fifteen sixteen seventeen eighteen nineteen"
_TENS_EN = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES_DE = "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
_ONES_DE += "fünfzehn sechzehn siebzehn achtzehn neunzehn"
_TENS_DE = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"
_LARGE = {
    "dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9,
    "dutzend": 12, "hundert": 100, "tausend": 1000, "millionen": 10**6, "milliarde": 10**9,
    "milliarden": 10**9,
}  # fmt: skip
# `one` and `ein` are pronouns and articles more often than numbers.
_NO_NUMBERS = frozenset(("one", "eins", "null", "million"))
_UNITS = {
    "eur": "€ eur euro euros", "usd": "$ usd dollar dollars", "gbp": "£ gbp pound pounds pfund",
    "chf": "chf franc francs franken", "cent": "cent cents",
    "%": "% percent prozent", "°": "° °c celsius degree degrees grad", "°f": "°f fahrenheit",
    "ms": "ms millisecond milliseconds millisekunde millisekunden",
    "s": "s sec secs second seconds sekunde sekunden",
    "min": "min mins minute minutes minuten", "h": "h hour hours stunde stunden",
    "d": "day days tag tage tagen", "w": "week weeks woche wochen",
    "mon": "month months monat monate monaten", "y": "year years jahr jahre jahren",
    "mm": "mm millimetre millimetres millimeter millimeters",
    "cm": "cm centimetre centimetres centimeter centimeters zentimeter",
    "m": "m metre metres meter meters metern", "km": "km kilometre kilometres kilometer kilometers",
    "mi": "mile miles meile meilen", "ft": "ft foot feet fuß",
    "g": "g gram grams gramm", "kg": "kg kilo kilos kilogram kilograms kilogramm",
    "t": "ton tons tonne tonnes tonnen", "l": "l litre litres liter liters", "ml": "ml millilitre",
    "kb": "kb kib kilobyte kilobytes", "mb": "mb mib megabyte megabytes",
    "gb": "gb gib gigabyte gigabytes", "tb": "tb tib terabyte terabytes",
    "hz": "hz hertz", "w_": "watt watts", "kw": "kw kilowatt kilowatts", "v": "volt volts",
}  # fmt: skip
_UNIT = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_TOKEN = re.compile(
    r"(?P<before>[$€£])?\s?(?P<figure>(?<![\w.,:])\d+(?:[.,:]\d+)*)(?P<ordinal>(?:st|nd|rd|th)\b)?"
    r"|(?P<word>[^\W\d_]+(?:-[^\W\d_]+)?)"
)
_AFTER = re.compile(r"[\s\-]*(°[CcFf]?|[%€$£]|[^\W\d_]+)")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it may be meant (`1.000` is one or a thousand), and its unit, if it has one."""

    values: frozenset[float]
    unit: str | None


def figures(text: str) -> list[Figure]:
    """Find the numbers of a text, in figures and in words."""
    found: list[Figure] = []
    for values, end, before in _numbers(text):
        after = _AFTER.match(text, end)
        unit = _UNIT.get((before or (after[1] if after else "")).casefold())
        found.append(Figure(values, unit))
    return found


def agree(claimed: list[Figure], quoted: list[Figure]) -> bool:
    """Tell whether each claimed number is quoted, in its unit where both sides name one."""
    return all(any(_same(one, other) for other in quoted) for one in claimed)


def _same(one: Figure, other: Figure) -> bool:
    units_differ = None not in (one.unit, other.unit) and one.unit != other.unit
    return bool(one.values & other.values) and not units_differ


def _numbers(text: str) -> Iterator[tuple[frozenset[float], int, str | None]]:
    """Give each number with the place after it, and a sign of currency before it."""
    for token in _TOKEN.finditer(text):
        if token["figure"]:
            end = token.end()
            times = _AFTER.match(text, end)
            factor = _LARGE.get(times[1].casefold(), 1) if times else 1
            end = times.end() if times and factor > 1 else end
            read = _read(token["figure"])
            yield frozenset(value * factor for value in read), end, token["before"]
        elif (value := _WORDS.get(token["word"].casefold())) is not None:
            yield frozenset((float(value),)), token.end(), None


def _read(figure: str) -> set[float]:
    """Read figures as both languages may mean them; half past two is 2:30 or 2.30."""
    whole = re.sub(r"[.,:]", "", figure)
    parts = re.split(r"[.,:]", figure)
    if len(parts) == 1:
        return {float(whole)}
    meant: set[float] = set()
    if all(len(part) == 3 for part in parts[1:]):
        meant.add(float(whole))
    if len(parts) == 2 or len(parts[-1]) != 3:
        meant.add(float("".join(parts[:-1]) + "." + parts[-1]))
    return meant


def _words() -> dict[str, int]:
    """Give the numbers from 2 to 99 and the large ones by their words."""
    english, german = _ONES_EN.split(), _ONES_DE.split()
    words = {word: value for ones in (english, german) for value, word in enumerate(ones)}
    for place, (ten_en, ten_de) in enumerate(
        zip(_TENS_EN.split(), _TENS_DE.split(), strict=True), 2
    ):
        words |= {ten_en: 10 * place, ten_de: 10 * place}
        for value in range(1, 10):
            one = "ein" if value == 1 else german[value]
            words |= {
                f"{ten_en}-{english[value]}": 10 * place + value,
                f"{one}und{ten_de}": 10 * place + value,
            }
    words |= _LARGE
    return {word: value for word, value in words.items() if word not in _NO_NUMBERS}


_WORDS = _words()
