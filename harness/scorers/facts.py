"""The facts that a text names: dates, numbers, names, quotations, citations, in comparable form.

English, by rule, the same on every machine; no model. A fact of an answer is supported by a
source that names it too: a date on the same day however it is written, a number of the same
value, a name as the same words in a row, a quotation as the same words, a citation of the same
place or of one within it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal, get_args

import regex

Fact = Literal["names", "numbers", "dates", "quotations", "citations"]
FACTS: tuple[Fact, ...] = get_args(Fact)

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
STATES = (
    "alabama", "alaska", "arizona", "arkansas", "california", "colorado", "connecticut",
    "delaware", "florida", "georgia", "hawaii", "idaho", "illinois", "indiana", "iowa", "kansas",
    "kentucky", "louisiana", "maine", "maryland", "massachusetts", "michigan", "minnesota",
    "mississippi", "missouri", "montana", "nebraska", "nevada", "new hampshire", "new jersey",
    "new mexico", "new york", "north carolina", "north dakota", "ohio", "oklahoma", "oregon",
    "pennsylvania", "rhode island", "south carolina", "south dakota", "tennessee", "texas", "utah",
    "vermont", "virginia", "washington", "west virginia", "wisconsin", "wyoming",
)  # fmt: skip
"""Names of US states count as names in small letters as well."""
PLAIN_WORDS = frozenset({
    "a", "after", "all", "an", "and", "any", "are", "as", "at", "because", "before", "both",
    "but", "by", "conflict", "each", "either", "for", "from", "he", "her", "his", "i", "if", "in",
    "is", "it", "its", "neither", "no", "none", "nor", "not", "of", "on", "or", "our", "she",
    "since", "some", "such", "that", "the", "their", "there", "these", "they", "this", "those",
    "to", "under", "unknown", "unless", "until", "upon", "we", "what", "when", "where", "which",
    "who", "why", "with", "within", "yes", "you", "your",
})  # fmt: skip
"""Words that are no names where a sentence happens to begin with them."""
_MAGNITUDES = {"thousand": 3, "million": 6, "billion": 9}

_MONTH = "(?P<month>" + "|".join(f"{m}|{m[:3]}\\b\\.?" for m in MONTHS) + ")"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_DATE = regex.compile(
    rf"\b(?:{_MONTH}\s+{_DAY}(?:\s*,?\s+{_YEAR})?|{_DAY}\s+(?:of\s+)?{_MONTH}(?:\s*,?\s+{_YEAR})?"
    rf"|{_MONTH}\s+{_YEAR}|{_YEAR}-(?P<month>\d{{2}})-(?P<day>\d{{2}})"
    rf"|(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/{_YEAR})\b",
    regex.IGNORECASE,
)
_NUMBER = regex.compile(
    r"(?<![\p{L}\d])(?<!\d[.,])(\d+(?:,\d{3})*(?:\.\d+)*)(?:\s*(thousand|million|billion)\b)?",
    regex.IGNORECASE,
)
_WORD = regex.compile(r"[\p{L}\p{N}]+(?:['\u2019.&-][\p{L}\p{N}]+)*")
_DIGIT = regex.compile(r"\d")
_STATE = regex.compile(rf"\b(?:{'|'.join(STATES)})\b", regex.IGNORECASE)
_SENTENCE_END = regex.compile(r"[.!?:;\n]\s*$")

_QUOTATION = regex.compile(
    r"\u201c([^\u201c\u201d\n]+)\u201d|(?<![\w\"])\"([^\"\n]+)\"(?!\w)"
    r"|\u2018([^\u2018\u2019\n]+ [^\u2018\u2019\n]+)\u2019"
)
_LEFT_OUT = regex.compile(r"\.\.\.|\u2026|\[[^\]]*\]")
"""What a quotation may skip or put in: ``…``, ``[the tenant]``."""
_CITATION = regex.compile(
    r"(?:\b(?P<kind>section|sec\.|article|art\.|clause|paragraph|para\.|exhibit|schedule|annex"
    r"|appendix)s?|(?P<kind>\u00a7|\u00b6))\s*"
    r"(?P<place>\d+(?:\.\d+)*(?:\s?\([a-z0-9]{1,4}\))*|[IVXLC]+\b|[A-Z]\b)"
    r"|\[(?P<place>\d{1,3})\]",
    regex.IGNORECASE,
)
_KINDS = {
    "sec.": "section", "\u00a7": "section", "art.": "article", "para.": "paragraph",
    "\u00b6": "paragraph",
}  # fmt: skip
_HEADING = regex.compile(r"(?:^|(?<=[.:;\]]\s))\s*(\d+(?:\.\d+)*)\.?\s+\p{Lu}", regex.MULTILINE)
FEW_WORDS = 2
"""A quotation of fewer words is a term or irony as often as it is one."""

Day = tuple[int | None, int, int | None]
"""Year, month and day of the month; None where the text does not say it."""


@dataclass(frozen=True, slots=True)
class Source:
    """What an answer may name."""

    dates: tuple[Day, ...]
    numbers: frozenset[str]
    words: str
    """All words in small letters with a blank around each: where a name is looked up."""
    places: frozenset[tuple[str, str]]
    """What it cites or numbers, as kind and number; a heading's kind is empty."""


@lru_cache(maxsize=4096)
def read_source(text: str) -> Source:
    """The facts of a source; the numbers within its dates count as numbers as well."""
    dates = _dates(text)
    numbers = (*_NUMBER.finditer(text), *_NUMBER.finditer(_without(dates, text)))
    return Source(
        tuple(_day(match) for match in dates),
        frozenset(_value(match) for match in numbers),
        f" {' '.join(_small(text))} ",
        frozenset([*map(_place, _CITATION.finditer(text)), *_headings(text)]),
    )


def invented(answer: str, source: Source, kinds: Collection[Fact] = FACTS) -> list[str]:
    """The facts of an answer that its source does not name, as the answer writes them."""
    found: list[str] = []
    rest = answer
    if "quotations" in kinds:
        found += (m.group() for m in _QUOTATION.finditer(answer) if not _quoted(m, source))
    cited = list(_CITATION.finditer(rest))
    if "citations" in kinds:
        found += (m.group() for m in cited if not _cited(_place(m), source))
    rest = _without(cited, rest)
    dates = _dates(rest)
    if "dates" in kinds:
        found += (m.group() for m in dates if not _supported(_day(m), source))
    rest = _without(dates, rest)
    if "numbers" in kinds:
        found += (m.group() for m in _NUMBER.finditer(rest) if _value(m) not in source.numbers)
    if "names" in kinds:
        found += _unknown_names(rest, source)
    return found


def _unknown_names(text: str, source: Source) -> Iterator[str]:
    names = dict(_names(text))
    for match in _STATE.finditer(text):
        state = _small(match.group())
        if not any(_within(state, words) for words in names):
            names[state] = match.group()
    for words, written in names.items():
        if f" {' '.join(words)} " not in source.words:
            yield written


def _quoted(match: regex.Match[str], source: Source) -> bool:
    """Whether the source has the same words in a row, from one omission to the next."""
    passage = next(group for group in match.groups() if group is not None)
    parts = [_small(part) for part in _LEFT_OUT.split(passage)]
    if sum(map(len, parts)) < FEW_WORDS:
        return True
    return all(f" {' '.join(part)} " in source.words for part in parts if part)


def _place(match: regex.Match[str]) -> tuple[str, str]:
    """Section and ``5.2(a)``, however they are written; ``[3]`` is a note."""
    kind = (match["kind"] or "note").lower()
    return _KINDS.get(kind, kind), "".join(match["place"].lower().split())


def _headings(text: str) -> Iterator[tuple[str, str]]:
    return (("", match[1]) for match in _HEADING.finditer(text))


def _cited(place: tuple[str, str], source: Source) -> bool:
    kind, number = place
    return any(
        other in (kind, "") and (known == number or known.startswith((f"{number}.", f"{number}(")))
        for other, known in source.places
    )


def _dates(text: str) -> list[regex.Match[str]]:
    """Where a text names a day or a month of a year; every such place has a digit."""
    return list(_DATE.finditer(text)) if _DIGIT.search(text) else []


def _without(facts: list[regex.Match[str]], text: str) -> str:
    """The text with line breaks for these: a date is one fact, its year is not another."""
    for match in facts:
        text = text[: match.start()] + "\n" * len(match.group()) + text[match.end() :]
    return text


def _names(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Runs of capitalised words, without plain words at their beginning.

    A single capitalised word that begins a sentence of small words is not a name: nothing
    tells it from any other word there.
    """
    words = list(_WORD.finditer(text))
    index = 0
    while index < len(words):
        end = index
        while end < len(words) and _goes_on(text, words, index, end):
            end += 1
        run = words[index:end]
        while run and run[0].group().lower() in PLAIN_WORDS:
            run = run[1:]
        if run and not (len(run) == 1 and _opens_sentence(text, words, end)):
            written = text[run[0].start() : run[-1].end()]
            yield _small(written), written
        index = max(end, index + 1)


def _goes_on(text: str, words: list[regex.Match[str]], first: int, at: int) -> bool:
    """Whether a word is capitalised and, unless it is the first, only parted by blanks or &."""
    if not words[at].group()[0].isupper():
        return False
    return at == first or text[words[at - 1].end() : words[at].start()].strip(" &") == ""


def _opens_sentence(text: str, words: list[regex.Match[str]], end: int) -> bool:
    """Whether the word before ``end`` begins a sentence that goes on in small letters."""
    before = text[: words[end - 1].start()]
    if before.strip() and not _SENTENCE_END.search(before):
        return False
    goes_on = end < len(words) and text[words[end - 1].end() : words[end].start()].strip() == ""
    return goes_on and words[end].group()[0].islower()


def _small(text: str) -> tuple[str, ...]:
    words = (match.group().casefold().replace("\u2019", "'") for match in _WORD.finditer(text))
    return tuple(word.removesuffix("'s") for word in words)


def _within(words: tuple[str, ...], longer: tuple[str, ...]) -> bool:
    return f" {' '.join(words)} " in f" {' '.join(longer)} "


def _day(match: regex.Match[str]) -> Day:
    month = match["month"].lower().rstrip(".")
    number = int(month) if month.isdigit() else 1 + [m[:3] for m in MONTHS].index(month[:3])
    year, day = match["year"], match["day"]
    return int(year) if year else None, number, int(day) if day else None


def _supported(day: Day, source: Source) -> bool:
    """Whether a date of the source says everything that this one says."""
    return any(
        all(said is None or said == found for said, found in zip(day, other, strict=True))
        for other in source.dates
    )


def _value(match: regex.Match[str]) -> str:
    """A number as text that is equal where the value is: ``1,000.00`` and ``1 thousand``."""
    digits = match[1].replace(",", "")
    try:
        value = Decimal(digits).scaleb(_MAGNITUDES.get((match[2] or "").lower(), 0))
    except InvalidOperation:
        return digits  # a section such as 5.2.1
    return format(value.normalize(), "f")
