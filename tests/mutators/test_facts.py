"""What is replaced is replaced in text and target alike; nothing else changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.mutators.facts import DateChange, EntitySwap, NumberChange, UnitChange
from harness.suite.mutating import Draw, Mutated, Mutator, Seed
from harness.types import Relation

ALL = (NumberChange(), DateChange(), EntitySwap(), UnitChange())
FRAGMENTS = (
    "40,000", "3.5", "12%", "7", "2 hours", "an 8-hour", "March 3", "3rd of May", "2024-03-03",
    "Acme Corp", "Paris", "’s", ". ", " and ", " to ", ",", "-", "e\u0301", "🙂", "\ud800", "漢字",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3) | st.just(" "), max_size=12).map(
    "".join
)
SEEDS = st.text(max_size=5)


def one(mutator: Mutator, text: str, target: str | None = None, seed: str = "s") -> Mutated:
    """The only mutation."""
    (mutated,) = mutator.mutate(Seed(text, target), Draw(seed))
    return mutated


@pytest.mark.parametrize("mutator", ALL, ids=lambda each: type(each).__name__)
@given(TEXTS, st.none() | TEXTS, SEEDS)
def test_any_text(mutator: Mutator, text: str, target: str | None, seed: str) -> None:
    """A changed text or none, the same each time; a target of its own only where one was given."""
    mutations = mutator.mutate(Seed(text, target), Draw(seed))

    assert mutations == mutator.mutate(Seed(text, target), Draw(seed))
    for each in mutations:
        assert each.text != text
        assert (each.target is None) == (target is None)
        if target is not None:
            assert (each.target == target) == (mutator.relation is Relation.INVARIANT)


@pytest.mark.parametrize("mutator", ALL, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize(
    "unit",
    [" ", "9", "1,234,", "Ab ", "Ab-", "March 3, ", "2 hours and ", "a 2-hour x. ", "the Ab x 7 "],
)
def test_long_texts(mutator: Mutator, unit: str) -> None:
    """Of 100,000 characters, in linear time: a quadratic one would take minutes here."""
    text = unit * (100_000 // len(unit))

    assert all(each.text != text for each in mutator.mutate(Seed(text), Draw("s")))


@pytest.mark.parametrize("mutator", ALL, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("text", ["", " ", "x", "🙂", "\ud800", "nothing to see here", "漢字"])
def test_nothing_to_mutate(mutator: Mutator, text: str) -> None:
    """No number, quantity, date or name."""
    assert mutator.mutate(Seed(text), Draw("s")) == ()


@pytest.mark.parametrize(
    ("mutator", "text", "target"),
    [
        (NumberChange(), "He has 4 cows.", "five"),
        (NumberChange(), "He has 4 cows.", "14"),
        (NumberChange(), "Call 555-1234, room B12, 3:30, 5km, 1.2.3, 10–20, 3rd", None),
        (NumberChange(), "4 men came on March 4.", "4"),
        (NumberChange(), "2024 was good; it ended on 2024-12-31.", "2024"),
        (NumberChange(), "He has 4 cows.", "between 4 and 3-4"),
        (NumberChange(), "1 2 3 4 5 6 7 8 9", "1"),
        (DateChange(), "On March 3.", "March 4"),
        (DateChange(), "On March 3.", "a Sunday"),
        (DateChange(), "March 2024; March 32; 2024-13-03; March 3–5; Marching 3", None),
        (EntitySwap(), "He lives in Paris.", "London"),
        (EntitySwap(), "Paris is big.", None),
        (EntitySwap(), "He sued Acme Corp. Later Acme paid.", "Acme Corp"),
        (EntitySwap(), "He lives in New York, not in York.", "York"),
        (EntitySwap(), "He came on Monday and said Yes to Mr. Xu.", "Monday"),
        (UnitChange(), "It took 2 hours.", "2"),
        (UnitChange(), "It took 2 hours.", "Some hours"),
        (UnitChange(), "It weighs 12,000 kg.", "12000"),
        (UnitChange(), "from 2 to 3 hours, 2 or 3 weeks, two to 3 days, 2–3 km", None),
        (UnitChange(), "2 hours and 30 minutes; 5 feet 3 inches; 2 days and a half", None),
        (UnitChange(), "60 km/h, 3 kg·m, 1 hour's notice, 1.3333 km, 0 hours, 5 hoursome", None),
        (UnitChange(), "an 8-hour shift, a 14-minute break", None),
    ],
)
def test_left_alone(mutator: Mutator, text: str, target: str | None) -> None:
    """What is right would stay, or it would be unclear what is."""
    assert mutator.mutate(Seed(text, target), Draw("s")) == ()


@pytest.mark.parametrize(
    ("mutator", "text", "target", "new_text", "new_target"),
    [
        (
            NumberChange(),
            "He paid $40,000 (40000) and 12% in 2019.",
            "$40,000.",
            "He paid $70,000 (70000) and 12% in 2019.",
            "$70,000.",
        ),
        (NumberChange(), "Since May 3, 2019", "2019", "Since May 3, 2047", "2047"),
        (NumberChange(), "It is 0.", None, "It is 4.", None),
        (
            DateChange(),
            "On March 3, 2024 (2024-03-03), the 3rd day of March, not May 4.",
            "3 Mar. 2024",
            "On February 15, 2024 (2024-02-15), the 15th day of February, not May 4.",
            "15 Feb. 2024",
        ),
        (
            EntitySwap(),
            "The Acme Corp's boss met Ann. Acme Corp-based, he sued the Acme Corp.",
            "Acme Corp",
            "The Ostrelby Point's boss met Ann. Ostrelby Point-based, he sued the Ostrelby Point.",
            "Ostrelby Point",
        ),
        (
            UnitChange(),
            "A 2-hour talk took 2 hours.",
            "x",
            "A 120-minute talk took 120 minutes.",
            "x",
        ),
        (UnitChange(), "an 8-hour day has 8 hours", None, "an 8-hour day has 480 minutes", None),
        (
            UnitChange(),
            "He gave 1 day's... no, 1 day.",
            "x",
            "He gave 1 day's... no, 24 hours.",
            "x",
        ),
        (UnitChange(), "up to 1,500.5 km", "x", "up to 1,500,500 m", "x"),
    ],
)
def test_worked_examples(
    mutator: Mutator, text: str, target: str | None, new_text: str, new_target: str | None
) -> None:
    """The same on every machine."""
    assert one(mutator, text, target) == Mutated(new_text, new_target)


NUMBERS = st.one_of(
    st.integers(0, 10**9).map(str),
    st.integers(1000, 10**9).map("{:,}".format),
    st.tuples(st.integers(0, 10**6), st.integers(0, 999)).map(lambda n: f"{n[0]:,}.{n[1]}"),
)


@given(
    st.lists(NUMBERS, min_size=1, max_size=5, unique_by=lambda n: n.replace(",", "")),
    st.sampled_from(["{}", "${}", "about {}%.", "{} of them ({})"]),
    SEEDS,
)
def test_one_number_changes(numbers: list[str], target: str, seed: str) -> None:
    """To one of the same form that the text does not hold; the others stay."""
    text = "; then ".join(f"{number} of it, {number} cows" for number in numbers)
    asked = numbers[0]

    mutated = one(NumberChange(), text, target.format(asked, asked), seed)

    new = mutated.text.split(" ")[0]
    assert new not in numbers
    assert re.sub("[0-9]", "0", new) == re.sub("[0-9]", "0", asked)
    assert (
        len(new) - len(new.lstrip("0")) == len(asked) - len(asked.lstrip("0"))
        or float(asked.replace(",", "")) == 0
    )
    assert mutated.text == "; then ".join(f"{n} of it, {n} cows" for n in [new, *numbers[1:]])
    assert mutated.target == target.format(new, new)


@given(st.integers(1900, 2099), SEEDS)
def test_years_stay_in_their_century(year: int, seed: str) -> None:
    """A person is not born in 7391."""
    new = int(one(NumberChange(), str(year), seed=seed).text)

    assert new != year
    assert new // 100 == year // 100


@given(st.integers(1, 9), st.integers(1, 8), SEEDS)
def test_round_numbers_remain_round(first: int, zeros: int, seed: str) -> None:
    """40,000 is no 47,213; 2,000 may be a year, and keeps its century."""
    assume((first, zeros) != (2, 3))
    new = one(NumberChange(), f"{first * 10**zeros:,}", seed=seed).text.replace(",", "")

    assert new[1:] == "0" * zeros


def _written(day: date) -> list[str]:
    """One day in all forms."""
    ordinal = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}.get(day.day, "th")
    return [
        f"{day:%B} {day.day}, {day.year}",
        f"{day:%B} {day.day}",
        f"{day.day} {day:%B} {day.year}",
        f"the {day.day}{ordinal} of {day:%B}",
        f"{day:%B} {day.day}{ordinal}",
        f"{day:%Y-%m-%d}",
    ]


@given(st.dates(date(1600, 1, 1), date(2999, 12, 31)), st.integers(0, 5), SEEDS)
def test_one_day_changes(day: date, form: int, seed: str) -> None:
    """In all its forms, to another that every year has; another day stays."""
    other = "May 4" if (day.month, day.day) == (5, 5) else "May 5"
    text = "; ".join([*_written(day), other])

    mutated = one(DateChange(), text, _written(day)[form], seed)

    new = date.fromisoformat(mutated.text.split("; ")[5])
    assert (new.month, new.day) not in ((day.month, day.day), (5, 4 + (other == "May 5")))
    assert new.year == day.year
    assert mutated == Mutated("; ".join([*_written(new), other]), _written(new)[form])


@given(st.sampled_from(["Paris", "Acme Corp", "O’Brien", "Jean-Luc Roy", "Bo Bo Li"]), SEEDS)
def test_one_name_changes(name: str, seed: str) -> None:
    """To one of as many words; other names and the possessive stay."""
    text = "{0}'s end. We saw {0} (no {0}), Tom Ford and pariS; {0}."

    mutated = one(EntitySwap(), text.format(name), f"It was {name}.", seed)

    new = mutated.text.split("'s end")[0]
    assert len(new.split()) == len(name.split())
    assert new != name
    assert mutated == Mutated(text.format(new), f"It was {new}.")


def test_a_name_after_an_begins_with_a_vowel() -> None:
    """And one after a does not."""
    for seed in "abcdefgh":
        assert one(EntitySwap(), "an Oslo man", seed=seed).text[3] in "AEIOU"
        assert one(EntitySwap(), "a Rome man", seed=seed).text[2] not in "AEIOU"


def test_names_of_one_s_own() -> None:
    """Those that the text holds already are no other name; there must be one."""
    swap = EntitySwap.model_validate({"names": ["Lima", "Quito"]})

    assert one(swap, "from Lima to Oslo", "Oslo").text == "from Lima to Quito"
    assert swap.mutate(Seed("from Lima to Quito", "Lima"), Draw("s")) == ()
    with pytest.raises(ValidationError):
        EntitySwap.model_validate({"names": []})


def test_any_number_day_or_name_without_a_target() -> None:
    """Which one is drawn."""
    for mutator, text in (
        (NumberChange(), "from 17 to 93"),
        (DateChange(), "from May 3 to July 4"),
        (EntitySwap(), "from Lima to Oslo"),
    ):
        start, end = text.split(" to ")
        drawn = [one(mutator, text, seed=seed).text.split(" to ") for seed in "abcdefgh"]
        assert {(new[0] != start, new[1] != end) for new in drawn} == {(True, False), (False, True)}


def test_only_an_allowed_answer() -> None:
    """A task with choices has no place for an invented one."""
    swap = EntitySwap(names=("Quito",))

    for choices, n in ((("Lima", "Oslo"), 0), (("Lima", "Quito"), 1)):
        assert len(swap.mutate(Seed("in Lima now", "Lima", choices), Draw("s"))) == n


BASE: dict[str, tuple[str, Fraction]] = {
    **{unit: ("s", Fraction(n)) for unit, n in {
        "second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800,
    }.items()},
    **{unit: ("months", Fraction(n)) for unit, n in {
        "month": 1, "year": 12, "decade": 120,
    }.items()},
    **{unit: ("m", Fraction(n)) for unit, n in {
        "mm": "0.001", "cm": "0.01", "m": 1, "km": 1000, "centimeter": "0.01", "meter": 1,
        "kilometer": 1000, "inch": "0.0254", "foot": "0.3048", "yard": "0.9144", "mile": "1609.344",
    }.items()},
    **{unit: ("g", Fraction(n)) for unit, n in {
        "g": 1, "kg": 1000, "gram": 1, "kilogram": 1000, "tonne": 10**6,
    }.items()},
    **{unit: ("l", Fraction(n)) for unit, n in {"milliliter": "0.001", "liter": 1}.items()},
}  # fmt: skip
"""Dimension and size of each unit, as the definitions of 1959 and the SI have them."""
PLURALS = {"inches": "inch", "feet": "foot"}
SOURCES = sorted(set(BASE) - {"second", "month", "mm", "m", "inch", "g", "gram", "milliliter",
                              "centimeter"})  # fmt: skip


def _size(quantity: str) -> tuple[str, Fraction]:
    number, unit = re.split("[ -]", quantity)
    singular = PLURALS.get(unit, unit if unit in BASE else unit.removesuffix("s"))
    dimension, size = BASE[singular]
    return dimension, Fraction(number.replace(",", "")) * size


PLURAL: dict[str, Callable[[str], str]] = {
    " ": lambda unit: {"foot": "feet", "km": "km", "kg": "kg", "cm": "cm"}.get(unit, unit + "s"),
    "-": lambda unit: unit,
}


@given(st.integers(2, 10**6), st.sampled_from(SOURCES), st.sampled_from(" -"), SEEDS)
def test_a_quantity_stays_the_same(n: int, unit: str, joint: str, seed: str) -> None:
    """In other words and in whole ones; all around it stays."""
    quantity = f"{n:,}{joint}{PLURAL[joint](unit)}"

    mutated = one(UnitChange(), f"It was {quantity}, they said: {quantity}.", "no", seed)

    new = mutated.text.removeprefix("It was ").split(", they")[0]
    assert new != quantity
    assert _size(new) == _size(quantity)
    assert mutated == Mutated(f"It was {new}, they said: {new}.", "no")
