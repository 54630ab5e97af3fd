"""The right number, within a tolerance."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.scorers.numeric import Numeric, number
from harness.types import Case, Output

MakeCase = Callable[..., Case]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", "12"),
        (" 12\n", "12"),
        ("12.", "12"),
        ("12.50", "12.5"),
        (".5", "0.5"),
        ("-3", "-3"),
        ("+3", "3"),
        ("−3", "-3"),
        ("- 3", "-3"),
        ("1,234,567.8", "1234567.8"),
        ("12 %", "12"),
        ("$1,000", "1000"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("5 €", "5"),
        ("£ 5.00.", "5"),
        ("1e3", "1000"),
        ("2.5E-1", "0.25"),
        ("007", "7"),
        ("٣", "3"),
    ],
)
def test_what_is_a_number(text: str, value: str) -> None:
    """With what people write around one."""
    assert number(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "twelve", "12 months", "about 12", "1 2", "1,23", "12,34,567", "1.2.3", "--3",
        "-$-3", "3-", "1e", "e3", "1e9999", "nan", "inf", "0x10", "1/2", ".", "%", "$", "1_000",
        "12..",
    ],
)  # fmt: skip
def test_what_is_no_number(text: str) -> None:
    """Words and units are left to an extraction."""
    assert number(text) is None


@pytest.mark.parametrize(
    ("options", "answer", "target", "value"),
    [
        ({}, "12.0", "12", 1.0),
        ({}, "12%", "12", 1.0),
        ({}, "12.0001", "12", 0.0),
        ({}, "0.30000000000000004", "0.3", 0.0),
        ({"absolute": 0.1}, "1.1", "1", 1.0),
        ({"absolute": 0.1}, "1.1001", "1", 0.0),
        ({"absolute": 0.1}, "-1", "1", 0.0),
        ({"relative": 0.01}, "101", "100", 1.0),
        ({"relative": 0.01}, "99", "100", 1.0),
        ({"relative": 0.01}, "101.1", "100", 0.0),
        ({"relative": 0.01}, "-101", "-100", 1.0),
        ({"relative": 0.5}, "0.1", "0", 0.0),
        ({"absolute": 1, "relative": 0.01}, "1.5", "1", 1.0),
        ({"absolute": 1, "relative": 0.01}, "1009", "1000", 1.0),
    ],
)
def test_values(
    make_case: MakeCase, options: dict[str, float], answer: str, target: str, value: float
) -> None:
    """The larger allowance counts, and it is exact in decimal digits."""
    judged = Numeric(**options).score(make_case(target), Output("k", text=answer))

    assert judged.value == value


def test_who_is_at_fault(make_case: MakeCase) -> None:
    """The answer for what it is not, the data for a target that is no number."""
    wrong = Numeric().score(make_case("12"), Output("k", text="twelve"))
    unscored = Numeric().score(make_case("twelve"), Output("k", text="12"))

    assert (wrong.value, wrong.reason) == (0.0, "'twelve' is no number")
    assert (unscored.value, unscored.reason) == (None, "target 'twelve' is no number")
    assert Numeric().score(make_case("12"), Output("k", error="died")).value is None


def test_any_of_several_numbers(make_case: MakeCase) -> None:
    """All of which must be numbers."""
    scorer = Numeric(also="others")

    assert scorer.score(make_case("1", others=["2"]), Output("k", text="2")).value == 1.0
    assert scorer.score(make_case("1", others=["two"]), Output("k", text="1")).value is None


@pytest.mark.parametrize("tolerance", [-0.1, float("nan"), float("inf"), "1"])
def test_a_tolerance_is_a_number_from_0_on(tolerance: object) -> None:
    """Anything else is told when the suite is loaded."""
    with pytest.raises(ValidationError):
        Numeric(absolute=tolerance)


DECIMALS = st.decimals(-(10**9), 10**9, places=3)


@given(DECIMALS, DECIMALS, st.integers(0, 1000), st.integers(0, 1000))
def test_it_is_exact_arithmetic(
    make_case: MakeCase, said: Decimal, wanted: Decimal, absolute: int, relative: int
) -> None:
    """Fractions are the oracle, tolerances in thousandths."""
    scorer = Numeric(absolute=absolute / 1000, relative=relative / 1000)
    allowed = max(Fraction(absolute, 1000), Fraction(relative, 1000) * abs(Fraction(wanted)))

    judged = scorer.score(make_case(str(wanted)), Output("k", text=f"{said:,}"))

    assert judged.value == float(abs(Fraction(said) - Fraction(wanted)) <= allowed)


@given(st.text(max_size=30) | st.from_regex(r"[-+$€%.,\deE ]{0,30}"))
def test_no_text_breaks_it(text: str) -> None:
    """A finite number or none."""
    found = number(text)

    assert found is None or found.is_finite()


def test_a_very_long_number_is_read(make_case: MakeCase) -> None:
    """Longer than Python's own limit for integers."""
    digits = "9" * 10_000

    assert Numeric().score(make_case(digits), Output("k", text=digits)).value == 1.0
    assert Numeric().score(make_case("8" + digits[1:]), Output("k", text=digits)).value == 0.0
