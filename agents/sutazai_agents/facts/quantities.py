"""Dates, and numbers with units."""

import re
from collections.abc import Iterator

from sutazai_agents.facts.found import Found, Thing, shown
from sutazai_contracts.graph import EntityKind

_MONTHS = tuple(
    str.split(
        "january february march april may june july august september october november december"
    )
)
_MONTH = "(?:" + "|".join(f"{month[:3]}(?:{month[3:]})?" for month in _MONTHS) + r")\b\.?"
_YEAR = r"(?:1[0-9]|20)[0-9]{2}"
_BEFORE_YEAR = "in|since|until|till|from|by|of|before|after|during|around|about|early|late|and|to"
# One pattern, so that of several readings the first that fits at a place is taken.
_DATE = re.compile(
    rf"""(?<![\w.,/-])(?:
    (?P<iso>{_YEAR}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)(?![\w-])
    | (?P<day>[0-3]?[0-9])(?:st|nd|rd|th)?\ (?:of\ )?(?P<month>{_MONTH}),?\ (?P<year>{_YEAR})\b
    | (?P<month2>{_MONTH})\ (?P<day2>[0-3]?[0-9])(?:st|nd|rd|th)?,?\ (?P<year2>{_YEAR})\b
    | (?P<month3>{_MONTH}),?\ (?P<year3>{_YEAR})\b
    | (?P<dotted>[0-3]?[0-9]\.[01]?[0-9]\.{_YEAR})\b
    )
    | \b(?:{_BEFORE_YEAR})\ (?:the\ year\ )?(?P<alone>{_YEAR})(?![\w%-])(?![.,][0-9])
      (?!\ (?:[a-z]*(?:metres|meters|people|kilo)|[kcm]?m\b|kg\b))
    """,
    re.IGNORECASE | re.VERBOSE,
)
# How units are written, and what they come to.
_UNITS = {
    "%": "%", "percent": "%", "per cent": "%", "°c": "°c", "°f": "°f", "€": "eur", "$": "usd",
    "£": "gbp", "eur": "eur", "euro": "eur", "euros": "eur", "usd": "usd", "dollar": "usd",
    "dollars": "usd", "gbp": "gbp", "pounds": "gbp", "kroner": "nok", "nok": "nok",
    "km": "km", "kilometre": "km", "kilometres": "km", "kilometers": "km", "m": "m", "metre": "m",
    "metres": "m", "meter": "m", "meters": "m", "cm": "cm", "mm": "mm", "mile": "mile",
    "miles": "mile", "feet": "ft", "ft": "ft", "inches": "in", "kg": "kg", "kilogram": "kg",
    "kilograms": "kg", "g": "g", "grams": "g", "t": "t", "tonne": "t", "tonnes": "t", "tons": "t",
    "l": "l", "litre": "l", "litres": "l", "liters": "l", "ml": "ml", "b": "b", "byte": "b",
    "bytes": "b", "kb": "kb", "kib": "kib", "mb": "mb", "mib": "mib", "gb": "gb", "gib": "gib",
    "tb": "tb", "tib": "tib", "ns": "ns", "ms": "ms", "s": "s", "second": "s", "seconds": "s",
    "min": "min", "minute": "min", "minutes": "min", "h": "h", "hour": "h", "hours": "h",
    "day": "day", "days": "day", "week": "week", "weeks": "week", "month": "month",
    "months": "month", "year": "year", "years": "year", "w": "w", "watts": "w", "kw": "kw",
    "mw": "mw", "kwh": "kwh", "v": "v", "volts": "v", "hz": "hz", "khz": "khz", "mhz": "mhz",
    "ghz": "ghz", "knots": "kn", "km/h": "km/h", "mph": "mph", "bar": "bar", "tokens": "token",
    "people": "people", "employees": "employee", "inhabitants": "inhabitant",
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_NUMBER = r"[0-9]{1,12}(?:[,\u202f\u00a0 ][0-9]{3}){0,4}(?:\.[0-9]{1,9})?"
_QUANTITY = re.compile(
    rf"(?<![\w.,-])(?:(?P<sign>[€$£])\ ?(?P<amount>{_NUMBER})(?:\ (?P<times>million|billion))?"
    rf"|(?P<number>{_NUMBER})(?:\ (?P<times2>million|billion))?[\ \u00a0-]?(?P<unit>{_UNIT}))"
    r"(?!\w)",
    re.IGNORECASE,
)


def dates(text: str, start: int, end: int) -> Iterator[Found]:
    """Find the dates at `start:end`; keys are as ISO 8601 writes them, as far as they are told."""
    for match in _DATE.finditer(text, start, end):
        key = _date_key(match)
        if key is not None:
            span = match.span("alone") if match["alone"] else match.span()
            yield Found(Thing(EntityKind.DATE, key), shown(text[slice(*span)]), *span)


def _date_key(match: re.Match[str]) -> str | None:
    if match["iso"] or match["alone"]:
        return str(match["iso"] or match["alone"])
    if match["dotted"]:
        day, month, year = match["dotted"].split(".")
        return _ymd(year, int(month), int(day))
    year = match["year"] or match["year2"] or match["year3"]
    word = (match["month"] or match["month2"] or match["month3"])[:3].lower()
    month_number = next(n for n, month in enumerate(_MONTHS, 1) if month.startswith(word))
    told = match["day"] or match["day2"]
    return _ymd(year, month_number, int(told)) if told else f"{year}-{month_number:02}"


def _ymd(year: str, month: int, day: int) -> str | None:
    return f"{year}-{month:02}-{day:02}" if 1 <= month <= 12 and 1 <= day <= 31 else None


def quantities(text: str, start: int, end: int) -> Iterator[Found]:
    """Find the numbers with units at `start:end`; keys are a plain number and the unit's sign."""
    for match in _QUANTITY.finditer(text, start, end):
        digits = re.sub(r"[,\s\u202f\u00a0]", "", match["amount"] or match["number"])
        unit = _UNITS[(match["sign"] or match["unit"]).lower()]
        times = (match["times"] or match["times2"] or "").lower()
        key = " ".join(part for part in (digits, times, unit) if part)
        yield Found(Thing(EntityKind.NUMBER, key), shown(match[0]), *match.span())
