"""Another number, unit, date or name: the answer follows the text, not what was learnt."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, ClassVar

import regex
from pydantic import Field

from harness.suite.model import Listed, Text
from harness.suite.mutating import Draw, Mutated, Mutator, Seed
from harness.types import Relation

from .names import INVENTED, in_both

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_SHORT = [month[:3] for month in _MONTHS]

_START = r"(?<!\w|\w[.,:/–-])"
_END = r"(?!\w|[.,:/–-][0-9])"
"""A number is whole where neither letters nor a range, a time or a section go on around it."""
_FIGURES = r"(?:[0-9]{1,3}(?:,[0-9]{3})++|[0-9]++)(?:\.[0-9]++)?"

_MONTH = rf"(?P<month>{'|'.join([*_MONTHS, 'Sept', *_SHORT])})\b\.?"
_DAY = "(?P<day>(?:[12][0-9]|3[01]|0?[1-9])(?:st|nd|rd|th)?)"
_ORDINALS = {"21": "st", "22": "nd", "23": "rd"}
_DATE = rf"""{_START}(?:{_MONTH}\ {_DAY}|{_DAY}\ (?:(?:day\ )?of\ )?{_MONTH}
    |[12][0-9]{{3}}-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12][0-9]|3[01])){_END}"""
"""Without the year of a date in words: that is a number like any other."""
_NUMBER = rf"(?:{_DATE})(*SKIP)(*FAIL)|{_START}{_FIGURES}{_END}"
_DIGITS = regex.compile("[0-9]+")
_CENTURIES = regex.compile("(?:19|20)[0-9]{2}")
_SIGNIFICANT = regex.compile(r"[1-9](?:.*[1-9])?|.$", regex.DOTALL)
_TRIES = 20

_NO_NAMES = """
    A An The This That These Those It He She We You They His Her Its Our Your Their My In On At By
    For From To Of With As If But And Or Not No Yes So Then There Here When Where While Who What
    Which Why How Is Are Was Were Do Does Did Has Have Had Can Could Will Would May Should True
    False None After Before Because Since Until During Mr Mrs Ms Miss Dr Prof St Jr Sr Sir Madam
    Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April June July
    August September October November December
"""
"""Capitalised words that name nobody and no place."""
_WORD = rf"""(?<!\w)(?!(?:{"|".join(_NO_NAMES.split())})\b)
    (?:\p{{Lu}}['’])?\p{{Lu}}[\p{{L}}\p{{M}}]++(?:-\p{{Lu}}[\p{{L}}\p{{M}}]++)*+(?!\w)"""
_WITHIN = regex.compile(r"[\p{Ll}\p{N},;] ")
"""What stands before a word that begins no sentence and no quotation."""
_WORDS = regex.compile(r"\w+")

Unit = tuple[str, str]
"""Its singular and its plural."""
_UNITS: dict[Unit, tuple[int, str, str]] = {
    ("decade", "decades"): (10, "year", "years"),
    ("year", "years"): (12, "month", "months"),
    ("week", "weeks"): (7, "day", "days"),
    ("day", "days"): (24, "hour", "hours"),
    ("hour", "hours"): (60, "minute", "minutes"),
    ("minute", "minutes"): (60, "second", "seconds"),
    ("km", "km"): (1000, "m", "m"),
    ("cm", "cm"): (10, "mm", "mm"),
    ("kilometer", "kilometers"): (1000, "meter", "meters"),
    ("kilometre", "kilometres"): (1000, "metre", "metres"),
    ("meter", "meters"): (100, "centimeter", "centimeters"),
    ("metre", "metres"): (100, "centimetre", "centimetres"),
    ("mile", "miles"): (1760, "yard", "yards"),
    ("yard", "yards"): (3, "foot", "feet"),
    ("foot", "feet"): (12, "inch", "inches"),
    ("kg", "kg"): (1000, "g", "g"),
    ("kilogram", "kilograms"): (1000, "gram", "grams"),
    ("tonne", "tonnes"): (1000, "kilogram", "kilograms"),
    ("liter", "liters"): (1000, "milliliter", "milliliters"),
    ("litre", "litres"): (1000, "millilitre", "millilitres"),
}
"""How many of which smaller unit one is: all exact."""
_FORMS = {form: unit for unit in _UNITS for form in unit}
_UNIT = "|".join(sorted(_FORMS, key=len, reverse=True))
_COUNT = "[0-9]|one|two|three|four|five|six|seven|eight|nine|ten|twelve"
_QUANTITY = regex.compile(
    rf"""(?:\b(?P<article>[Aa]n?)\ )?{_START}
    (?<!(?:{_COUNT})(?:,|,?\ (?:to|or|and|by|x|×|–|—|-))\ )  # from 2 to 3 hours
    (?<!\b(?:{_UNIT}),?\ (?:and\ )?)  # 2 hours and 30 minutes: the 30
    (?P<number>{_FIGURES})(?P<joint>[ -])(?P<unit>{_UNIT})(?!\w|[/²³·^]|['’]s)
    (?!,?\ (?:and\ )?(?:{_COUNT}|a\ half|half|a\ quarter))  # 2 hours and 30 minutes: the 2""",
    regex.VERBOSE,
)
_PARTS = regex.compile(rf"{_FIGURES}|\w+")
_MAX_FIGURES = 12
"""Characters of a number that is re-expressed: longer ones measure nothing."""
_AFTER_AN = regex.compile(r"8|1[18](?:,|$)")
"""Eight, eleven, eighteen and what begins with them."""


class _Changed(Mutator):
    """One fact that text and target both hold is replaced by another wherever it stands."""

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.CHANGES
    spot_check: ClassVar[float] = 0.05
    pattern: ClassVar[regex.Pattern[str]]

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """None where the target holds no fact of the text: what is right would stay."""
        facts = self.facts(seed)
        if not facts:
            return ()
        old = draw.one(facts)
        new = self.another(old, f"{seed.text}\n{seed.target or ''}", draw)
        if new is None:
            return ()
        return in_both(seed, lambda text: self._replaced(text, old, new))

    def facts(self, seed: Seed) -> list[str]:
        """What can be replaced: if there is a target, what both hold."""
        facts = self.found(seed.text)
        if seed.target is None:
            return facts
        held = set(self.found(seed.target))
        return [fact for fact in facts if fact in held]

    def found(self, text: str) -> list[str]:
        """The facts of a text, once each."""
        return list(dict.fromkeys(map(self.fact, self.pattern.finditer(text))))

    def _replaced(self, text: str, old: str, new: str) -> str:
        return self.pattern.sub(
            lambda found: self.written(found, new) if self.fact(found) == old else found[0], text
        )

    @abstractmethod
    def fact(self, found: regex.Match[str]) -> str:
        """What was found, equal where only the writing differs."""

    @abstractmethod
    def another(self, old: str, text: str, draw: Draw) -> str | None:
        """A fact that the text does not hold; None where there is none to be had."""

    @abstractmethod
    def written(self, found: regex.Match[str], new: str) -> str:
        """The new fact as the old one was written."""


class NumberChange(_Changed):
    """One number becomes another of as many digits wherever it stands, in the target as well.

    ``$40,000`` becomes ``$70,000``, 3.5 perhaps 8.1; a year stays in its century. The number is
    one that the target holds; without a target, any. What stands in something larger as well (a
    day, “10–20”, “3rd”) is left alone, and all other numbers stay.
    """

    pattern: ClassVar[regex.Pattern[str]] = regex.compile(_NUMBER, regex.VERBOSE)

    def found(self, text: str) -> list[str]:
        """The whole numbers of a text."""
        larger = self._larger(text)
        return [number for number in super().found(text) if number.lstrip("0") not in larger]

    def fact(self, found: regex.Match[str]) -> str:
        """40,000 is 40000."""
        return found[0].replace(",", "")

    def another(self, old: str, text: str, draw: Draw) -> str | None:
        """Zeros at both ends stay: round numbers remain round."""
        taken = {*super().found(text), *self._larger(text)}
        for _ in range(_TRIES):
            new = _redrawn(old, draw)
            if new not in taken:
                return new
        return None

    def written(self, found: regex.Match[str], new: str) -> str:
        """With the commas of the old one."""
        digits = (letter for letter in new if letter != ".")
        return _DIGITS.sub(lambda run: "".join(next(digits) for _ in run[0]), found[0])

    def _larger(self, text: str) -> set[str]:
        """Digits outside of whole numbers."""
        return {digits.lstrip("0") for digits in _DIGITS.findall(self.pattern.sub(" ", text))}


def _redrawn(number: str, draw: Draw) -> str:
    """Other digits from the first that is not 0 to the last."""
    first, end = (2, 4) if _CENTURIES.fullmatch(number) else _significant(number)
    return "".join(
        str(lowest + draw.below(10 - lowest)) if first <= at < end and digit != "." else digit
        for at, digit in enumerate(number)
        for lowest in [int(at in (first, end - 1))]
    )


def _significant(number: str) -> tuple[int, int]:
    found = _SIGNIFICANT.search(number)
    assert found is not None  # a number has a last digit
    return found.span()


class DateChange(_Changed):
    """One day becomes another day of the year wherever it stands, in the target as well.

    “March 3, 2024”, “3rd of March”, “Mar. 3” and 2024-03-03 are the same day; each keeps its form
    and its year. The day is one that the target holds; without a target, any.
    """

    pattern: ClassVar[regex.Pattern[str]] = regex.compile(_DATE, regex.VERBOSE)

    def fact(self, found: regex.Match[str]) -> str:
        """Month and day as numbers, such as 03-17."""
        month = found["month"]
        number = int(month) if month.isdigit() else 1 + _SHORT.index(month[:3])
        return f"{number:02}-{int(found['day'].rstrip('dhnrst')):02}"

    def another(self, old: str, text: str, draw: Draw) -> str | None:
        """From the 10th to the 28th: in every month, and of two digits in every form."""
        taken = self.found(text)
        days = [f"{month:02}-{day}" for month in range(1, 13) for day in range(10, 29)]
        free = [day for day in days if day not in taken]
        return draw.one(free) if free else None

    def written(self, found: regex.Match[str], new: str) -> str:
        """Month and day put where they stood."""
        month, day = new.split("-")
        if not found["month"].isdigit():
            months = _MONTHS if found["month"] in _MONTHS else _SHORT
            month = months[int(month) - 1]
        text, start = found[0], found.start()
        if not found["day"].isdigit():
            day += _ORDINALS.get(day, "th")
        later_first = sorted([("month", month), ("day", day)], key=lambda put: -found.start(put[0]))
        for group, put in later_first:
            text = text[: found.start(group) - start] + put + text[found.end(group) - start :]
        return text


class EntitySwap(_Changed):
    """One name becomes another wherever it stands, in the target as well; a possessive 's stays.

    A name is a row of capitalised words within a sentence. It is one that the target holds;
    without a target, any. If one of its words stands elsewhere as well (Acme Corp and Acme), the
    name is left alone: it would no longer be clear who is meant.
    """

    spot_check: ClassVar[float] = 0.1
    pattern: ClassVar[regex.Pattern[str]] = regex.compile(rf"{_WORD}(?:\ {_WORD})*+", regex.VERBOSE)

    names: Annotated[tuple[Text, ...], Listed, Field(min_length=1)] | None = None
    """What is put in; invented places and companies unless given."""

    def facts(self, seed: Seed) -> list[str]:
        """A name at the start of a sentence counts where it stands within one, too."""
        target = seed.target or ""
        sure = {*self._within(seed.text), *self._within(target)}
        alone = self._alone(f"{seed.text}\n{target}")
        return [name for name in super().facts(seed) if name in sure and name in alone]

    def fact(self, found: regex.Match[str]) -> str:
        """The name."""
        return found[0]

    def another(self, old: str, text: str, draw: Draw) -> str | None:
        """As many words, and as the article before it wants, if there is such a name."""
        words = set(_WORDS.findall(text))
        free = [name for name in self.names or INVENTED if words.isdisjoint(_WORDS.findall(name))]
        if not free:
            return None
        best = max(_likeness(old, name) for name in free)
        return draw.one([name for name in free if _likeness(old, name) == best])

    def written(self, found: regex.Match[str], new: str) -> str:
        """As it is."""
        return new

    def _within(self, text: str) -> Iterator[str]:
        """Names that begin no sentence; a text that is nothing but a name is one."""
        whole = text.strip(" \n.")
        for found in self.pattern.finditer(text):
            before = text[max(found.start() - 2, 0) : found.start()]
            if _WITHIN.fullmatch(before) or found[0] == whole:
                yield found[0]

    def _alone(self, text: str) -> set[str]:
        """Names whose words all stand in no other name."""
        names = Counter(map(self.fact, self.pattern.finditer(text)))
        words: Counter[str] = Counter()
        for name, times in names.items():
            for word in name.split(" "):
                words[word] += times
        return {
            name
            for name, times in names.items()
            if all(words[word] == times * n for word, n in Counter(name.split(" ")).items())
        }


def _likeness(one: str, other: str) -> tuple[bool, bool]:
    """Whether both have as many words, and whether both or neither begin with a vowel."""
    vowels = [name[0] in "AEIOU" for name in (one, other)]
    return one.count(" ") == other.count(" "), vowels[0] == vowels[1]


class UnitChange(Mutator):
    """One quantity is said in a smaller unit and stays the same: 2 hours, 120 minutes.

    Only by exact factors, wherever the quantity stands. One whose number or unit the target
    holds is left alone, and so are ranges and composed ones (“2 hours and 30 minutes”).
    """

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT
    spot_check: ClassVar[float] = 0.05

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """None where the text has no quantity that the target leaves free."""
        held = {part.replace(",", "") for part in _PARTS.findall((seed.target or "").lower())}
        found = [
            each for each in _QUANTITY.finditer(seed.text) if _smaller(each) and _free(each, held)
        ]
        if not found:
            return ()
        chosen = _size(draw.one(found))
        text = _QUANTITY.sub(
            lambda each: (_smaller(each) if _size(each) == chosen else "") or each[0], seed.text
        )
        return (Mutated(text, seed.target),)


def _size(found: regex.Match[str]) -> tuple[str, Unit]:
    """The number, without its commas, and the unit that it counts."""
    return found["number"].replace(",", ""), _FORMS[found["unit"]]


def _free(found: regex.Match[str], held: set[str]) -> bool:
    number, unit = _size(found)
    return held.isdisjoint({number, *unit})


def _smaller(found: regex.Match[str]) -> str:
    """The quantity in the smaller unit; empty where it is no whole number of it, or none fits."""
    number, unit = _size(found)
    factor, one, many = _UNITS[unit]
    amount = Decimal(number[:_MAX_FIGURES]) * factor
    figures = f"{amount:,.0f}"
    article = found["article"] or ""
    misfit = article and article.endswith("n") != bool(_AFTER_AN.match(figures))
    if len(number) > _MAX_FIGURES or amount <= 1 or amount % 1 or misfit:
        return ""
    few = found["unit"] == unit[0] and (found["joint"] == "-" or number != "1")
    return f"{article} " * bool(article) + figures + found["joint"] + (one if few else many)
