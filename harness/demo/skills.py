"""General skills: what the base can do and an adapter must not forget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from harness.demo.phrasing import MONTHS, PARTIES, STATES

_CATEGORIES = {
    "fruit": ("apple", "pear", "plum", "fig", "lemon", "cherry"),
    "animal": ("dog", "cat", "horse", "cow", "goat", "fox"),
    "colour": ("red", "blue", "green", "black", "white", "pink"),
    "metal": ("iron", "gold", "silver", "copper", "zinc", "lead"),
    "tool": ("hammer", "saw", "drill", "file", "axe", "spade"),
}
_WORDS = tuple(word for words in _CATEGORIES.values() for word in words)
_LETTERS = "abcdefghijklmnop"
_FACTS = {
    "the capital of France": "Paris", "the capital of Italy": "Rome",
    "the capital of Spain": "Madrid", "the capital of Japan": "Tokyo",
    "the capital of Egypt": "Cairo", "the capital of Norway": "Oslo",
    "the capital of Cuba": "Havana", "the capital of Kenya": "Nairobi",
    "the young of a dog": "puppy", "the young of a cat": "kitten",
    "the young of a cow": "calf", "the young of a goat": "kid",
    "the opposite of hot": "cold", "the opposite of big": "small",
    "the opposite of early": "late", "the opposite of full": "empty",
    "the colour of snow": "white", "the colour of grass": "green",
    "the colour of coal": "black", "the colour of blood": "red",
}  # fmt: skip
_FACT_FORMS = ("What is {}?", "Name {}.", "Tell me {}.", "{}?", "Give {}.", "Say {}.")
_SUBJECTS = ("dog", "cat", "horse", "cow", "goat", "fox", "girl", "boy", "king", "nurse")
_VERBS = ("run", "sleep", "eat", "sing", "walk", "jump", "swim", "read")
_PLACES = ("tree", "house", "river", "road", "barn", "gate", "hill", "shop")
_NOTES = {
    "city": ("He lives in {}.", "She is from {}.", "{} is their home."),
    "company": ("She works for {}.", "{} sent it.", "He owns {}."),
    "fruit": ("He ate a {}.", "A {} is left.", "She has a {}."),
    "month": ("They met in {}.", "It was in {}.", "{} is best."),
    "state": (
        "It is in {}.",
        "The road leads to {}.",
        "The law of {} applies.",
        "It follows {} law.",
    ),
    "tool": ("She took the {}.", "The {} is old.", "He needs a {}."),
}
_CITIES = ("Paris", "Rome", "Madrid", "Tokyo", "Cairo", "Oslo", "Havana", "Nairobi")


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its only right answer."""

    skill: str
    text: str
    answer: str


def _copy(rng: Random) -> tuple[str, str]:
    words = " ".join(rng.sample(_WORDS, rng.randint(3, 4)))
    return f"Copy: {words}", words


def _reverse(rng: Random) -> tuple[str, str]:
    letters = rng.sample(_LETTERS, 3)
    return f"Reverse: {' '.join(letters)}", " ".join(letters[::-1])


def _sort(rng: Random) -> tuple[str, str]:
    letters = rng.sample(_LETTERS, 3)
    return f"Sort: {' '.join(letters)}", " ".join(sorted(letters))


def _add(rng: Random) -> tuple[str, str]:
    a, b = rng.randint(0, 9), rng.randint(0, 9)
    return f"Add: {a} + {b}", str(a + b)


def _pick(rng: Random) -> tuple[str, str]:
    kinds = rng.sample(sorted(_CATEGORIES), 3)
    words = [rng.choice(_CATEGORIES[kind]) for kind in kinds]
    wanted = rng.randrange(3)
    return f"Which is a {kinds[wanted]}: {', '.join(words)}?", words[wanted]


def _fact(rng: Random) -> tuple[str, str]:
    subject = rng.choice(sorted(_FACTS))
    asked = rng.choice(_FACT_FORMS).format(subject)
    return asked[0].upper() + asked[1:], _FACTS[subject]


def _agree(rng: Random) -> tuple[str, str]:
    subject, verb, place = rng.choice(_SUBJECTS), rng.choice(_VERBS), rng.choice(_PLACES)
    many, near = rng.random() < 0.5, rng.choice(("", "s"))
    article = rng.choice(("The", "One")) if not many else rng.choice(("The", "Two", "Many"))
    noun = subject if not many else {"fox": "foxes"}.get(subject, f"{subject}s")
    right = verb if many else f"{verb}s"
    return f"{article} {noun} near the {place}{near}: {verb} or {verb}s?", right


def _larger(rng: Random) -> tuple[str, str]:
    a, b = rng.sample(range(10, 100), 2)
    return f"Larger: {a} or {b}?", str(max(a, b))


def _note(rng: Random) -> tuple[str, str]:
    kinds = rng.sample(sorted(_NOTES), rng.randint(2, 4))
    values = {
        "city": rng.choice(_CITIES),
        "company": rng.choice(PARTIES),
        "fruit": rng.choice(_CATEGORIES["fruit"]),
        "month": rng.choice(MONTHS),
        "state": rng.choice(STATES),
        "tool": rng.choice(_CATEGORIES["tool"]),
    }
    note = " ".join(rng.choice(_NOTES[kind]).format(values[kind]) for kind in kinds)
    wanted = rng.choice(kinds)
    return f"Note: {note} Which {wanted}?", values[wanted]


_MAKERS: dict[str, Callable[[Random], tuple[str, str]]] = {
    "add": _add,
    "agree": _agree,
    "copy": _copy,
    "fact": _fact,
    "larger": _larger,
    "note": _note,
    "pick": _pick,
    "reverse": _reverse,
    "sort": _sort,
}
SKILLS = tuple(_MAKERS)
PRACTICE = {skill: 3.0 if skill == "note" else 1.0 for skill in SKILLS}
"""How often a model practises each: reading a value out of a text takes longest to learn."""


def question(skill: str, rng: Random) -> Question:
    """One question of a skill. Raises KeyError for a skill that does not exist."""
    return Question(skill, *_MAKERS[skill](rng))


def words() -> dict[str, Any]:
    """The words that questions are made of, to be hashed."""
    return {
        "categories": _CATEGORIES,
        "letters": _LETTERS,
        "facts": _FACTS,
        "fact forms": _FACT_FORMS,
        "subjects": _SUBJECTS,
        "verbs": _VERBS,
        "places": _PLACES,
        "notes": _NOTES,
        "cities": _CITIES,
        "practice": PRACTICE,
    }
