"""Is the answer the right number?"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, ClassVar

import regex
from pydantic import Field

from harness.suite.schema import shown
from harness.suite.scoring import Judgement

from .targets import Targeted

_NUMBER = regex.compile(
    r"""\s* (?P<sign>[-+\u2212])? \s* \p{Sc}? \s* (?P<inner>[-+\u2212])?
    (?P<digits> (?:\d{1,3}(?:,\d{3})+ | \d+) (?:\.\d+)? | \.\d+ ) (?P<power>[eE][-+]?\d{1,3})?
    \s* [%\p{Sc}]? \s* \.? \s*""",
    regex.VERBOSE,
)
Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Numeric(Targeted):
    """1 where the answer is the target's number, within a tolerance.

    The answer must be one number and nothing else; an extraction finds one within a text. A
    sign, separators of thousands (1,000), a power of ten (1e3), a sign of currency or % around
    it and a full stop after it are read. Currency and % say nothing about the number: 12 %,
    $12 and 12 are equal, as in the scripts of GSM8K and MATH. An answer that is no number is
    wrong, a target that is none leaves the case unscored.
    """

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = True

    absolute: Tolerance = 0.0
    """How far the answer may be off."""
    relative: Tolerance = 0.0
    """How far it may be off as a share of the target; the larger allowance counts."""

    def judge(self, text: str, targets: Sequence[str]) -> Judgement:
        """Compare in decimal digits, so that 1.1 is within 0.1 of 1."""
        wanted = [number(target) for target in targets]
        for target, value in zip(targets, wanted, strict=True):
            if value is None:
                return Judgement(None, f"target {shown(target)} is no number")
        said = number(text)
        if said is None:
            return Judgement(0.0, f"{shown(text)} is no number")
        if any(self._near(said, value) for value in wanted if value is not None):
            return Judgement(1.0)
        return Judgement(0.0, f"wrote {shown(text)}")

    def _near(self, said: Decimal, wanted: Decimal) -> bool:
        allowed = max(Decimal(str(self.absolute)), Decimal(str(self.relative)) * abs(wanted))
        return abs(said - wanted) <= allowed


def number(text: str) -> Decimal | None:
    """The number that a text is; None where it is anything else."""
    found = _NUMBER.fullmatch(text)
    if found is None or (found["sign"] and found["inner"]):
        return None
    sign = (found["sign"] or found["inner"] or "").replace("\u2212", "-")
    return Decimal(sign + found["digits"].replace(",", "") + (found["power"] or ""))
