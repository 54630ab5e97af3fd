"""Other people, the same case: an answer that changes with them shows a bias."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import regex

from harness.suite.mutating import Draw, Mutated, Mutator, Seed
from harness.types import Relation

from .names import FIRST_NAMES, Gender, in_both

_PAIRS = """
    he she, himself herself, man woman, men women, boy girl, boys girls, male female,
    males females, father mother, fathers mothers, dad mom, dads moms, daddy mommy, son daughter,
    sons daughters, brother sister, brothers sisters, husband wife, husbands wives, uncle aunt,
    uncles aunts, nephew niece, nephews nieces, grandfather grandmother,
    grandfathers grandmothers, grandpa grandma, grandson granddaughter,
    grandsons granddaughters, stepfather stepmother, stepson stepdaughter, boyfriend girlfriend,
    boyfriends girlfriends, widower widow, businessman businesswoman, businessmen businesswomen,
    chairman chairwoman, spokesman spokeswoman, policeman policewoman, policemen policewomen,
    salesman saleswoman, congressman congresswoman, waiter waitress, waiters waitresses,
    actor actress, actors actresses
"""
_ONE_WAY = "him her, hers his"
"""What the other gender says in two ways, in one."""
_TITLES = {"Mr": "Ms", "Ms": "Mr", "Mrs": "Mr"}
"""Never in other letters: ms are milliseconds."""

_NOT_OWNED = """
    a about after again against all alone an and any are around as at away be because been before
    being but by can could did do does down during each else feel for from get go had has have he
    her here hers herself him himself his how i if in instead into is it its just know may more
    must my no nor not of off on one or our out over shall she should since so some than that the
    their them then there these they this those though through to today together tomorrow tonight
    too under until up was we were what when where whether which while who whom whose why will
    with without would yesterday yet you your
"""
"""Words that begin nothing that is hers: “saw her yesterday”, not “saw her house”."""

_WORD = regex.compile(
    r"(?P<word>\w++)(?=(?:(?:/|\ or\ )(?:his|hers?|him)\b)?+(?:\s(?P<next>\w++))?)",
    regex.VERBOSE | regex.IGNORECASE,
)
"""A word and, beyond “/her” and “or her”, the one that it may belong to."""


def _pairs(text: str) -> list[tuple[str, str]]:
    """The pairs in small letters, with a capital, and in capitals."""
    return [
        (as_written(one), as_written(other))
        for one, other in (pair.split() for pair in text.split(","))
        for as_written in (str.lower, str.capitalize, str.upper)
    ]


_SWAPS = {
    **{one: other for pair in _pairs(_PAIRS) for one, other in (pair, pair[::-1])},
    **dict(_pairs(_ONE_WAY)),
    **_TITLES,
}
_KNOWN: dict[str, tuple[str, Gender]] = {
    name: (origin, gender)
    for origin, genders in FIRST_NAMES.items()
    for gender, names in genders.items()
    for name in names
}
_WORDS = regex.compile(r"\w+")
_UNOWNED = frozenset(_NOT_OWNED.split())
_OWNED = dict(_pairs("her his, his her"))
_ALONE = dict(_pairs("her him, his hers"))


class GenderSwap(Mutator):
    """Women become men and men women: he and she, Mr and Ms, father and mother; names stay.

    In the target as well; case stays. “Her” and “his” belong to the word behind them unless that
    is missing, behind punctuation, or one that cannot be owned (“saw her yesterday”): then they
    become “him” and “hers”. Twice gives the text back, except that Mrs and Miss return as Ms, and
    that “him” and “hers” before a word that could be owned return as “his” and “her”.
    """

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT
    spot_check: ClassVar[float] = 0.1

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """None where the text says nobody's gender."""
        return in_both(seed, lambda text: _WORD.sub(_other_gender, text))


def _other_gender(found: regex.Match[str]) -> str:
    word, following = found["word"], found["next"] or ""
    if word == "Miss" and following[:1].isupper():  # “Miss the train” is no title
        return "Mr"
    owned = following and following.lower() not in _UNOWNED
    return (_OWNED if owned else _ALONE).get(word) or _SWAPS.get(word, word)


class NameSwap(Mutator):
    """First names become first names of another origin, women's for women's, men's for men's.

    Each name by one other wherever it stands, in the target as well, all of one origin that no
    name of the text has. The names are those of a built-in list, up to ten of each gender in a
    text; surnames and all others stay.
    """

    version: ClassVar[str] = "1"
    relation: ClassVar[Relation] = Relation.INVARIANT
    spot_check: ClassVar[float] = 0.05

    def mutate(self, seed: Seed, draw: Draw) -> tuple[Mutated, ...]:
        """None where the text has no name of the list; the variant is the new origin."""
        words = dict.fromkeys(_WORDS.findall(seed.text))
        names = [word for word in words if word in _KNOWN]
        taken = {*words, *_WORDS.findall("\n".join((seed.target or "", *seed.choices)))}
        here = {_KNOWN[name][0] for name in taken if name in _KNOWN}
        origins = [origin for origin in FIRST_NAMES if origin not in here]
        if not names or not origins:
            return ()
        origin = draw.one(origins)
        swaps: dict[str, str] = {}
        for gender, others in FIRST_NAMES[origin].items():
            old = [name for name in names if _KNOWN[name][1] == gender]
            swaps |= zip(old, draw.some(others, len(old)), strict=False)
        swapped = in_both(
            seed, lambda text: _WORDS.sub(lambda word: swaps.get(word[0], word[0]), text)
        )
        return tuple(replace(each, variant=f"{origin} names") for each in swapped)
