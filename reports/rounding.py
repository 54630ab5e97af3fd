"""How numbers are printed: the one place that rounds, for page, summary and terminal.

- A share is printed in per cent, a difference of shares in percentage points, both to one
  decimal; what is no share (a check with any number outside [−1, 1]) to three significant digits.
- Rounding never makes a claim: 99.96 % is printed as 99.9 %, and 0.04 % as 0.1 %, since 0 and 100
  mean none and all. A bound that is not on its limit is printed with as many more decimals
  (four at most) as it takes to look different from it; a p-value next to α likewise.
- p-values have three decimals, two from .1 on, and are ``< 0.001`` below that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.types import CheckResult, Claim

MINUS = "−"
MOST_DECIMALS = 4


def points(share: float, decimals: int = 1) -> str:
    """A difference of shares, in percentage points, signed: ``−19.0``."""
    return _signed(100 * share, decimals)


def size(share: float, decimals: int = 1) -> str:
    """A size of a difference, in percentage points without a sign: ``3.2``; 0 only if none."""
    return percent(share, decimals).removesuffix("%")


def percent(share: float, decimals: int = 1) -> str:
    """A share in per cent: ``95.8%``; 0 and 100 only where it is exactly none or all."""
    unit = 10.0**-decimals
    value = round(100 * share, decimals)
    if value >= 100 and share < 1:
        value = 100 - unit
    if value <= 0 and share > 0:
        value = unit
    return f"{value:.{decimals}f}%".replace("-", MINUS)


def plain(value: float) -> str:
    """A number of unknown unit, to three significant digits."""
    return f"{value:.3g}".replace("-", MINUS)


def rounded(value: float) -> float:
    """The number that ``plain`` prints, for who prints it elsewhere."""
    return float(f"{value:.3g}")


def count(n: float) -> str:
    """A number of things, with thousands separated; a tenth where it is not whole."""
    return f"{n:,.0f}" if float(n).is_integer() else f"{n:,.1f}"


def p_value(p: float, alpha: float | None = None) -> str:
    """``0.54``, ``0.038``, ``< 0.001``; more decimals where it would look equal to α."""
    if p < 0.001:
        return "< 0.001"
    decimals = 2 if p >= 0.1 else 3
    if alpha is not None:
        while decimals < 6 and p != alpha and round(p, decimals) == round(alpha, decimals):
            decimals += 1
    return f"{p:.{decimals}f}"


def nats(value: float) -> str:
    """A difference of log-probabilities: ``0.42``, ``3.1 × 10⁻⁵``."""
    if value == 0 or 1e-3 <= value < 1e4:
        return f"{value:.2g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa} × 10{power}"


def duration(seconds: float) -> str:
    """``0.8 s``, ``42 s``, ``3 min 12 s``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def milliseconds(seconds: float) -> str:
    """``0.4 ms``, ``42 ms``, ``1,300 ms``."""
    value = 1000 * seconds
    return f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of one check as they are printed everywhere; empty where there is none."""

    estimate: str
    low: str
    high: str
    limit: str
    unit: str
    """``points`` of a difference, empty where the numbers carry their own (%) or none."""

    @property
    def bounds(self) -> str:
        """``−21.2 to −16.8``."""
        return f"{self.low} to {self.high}" if self.low else ""


def is_difference(check: CheckResult) -> bool:
    """Whether the estimate is candidate − reference, not a level."""
    return check.against is not None


def is_share(check: CheckResult) -> bool:
    """Whether every number of the check is a share, so can be printed in per cent."""
    numbers = (check.estimate, check.margin, check.candidate_value, check.reference_value)
    return all(abs(n) <= 1 for n in (*numbers, *(check.interval or ())) if n is not None)


def limit(check: CheckResult) -> float | None:
    """What the interval has to clear: −δ, 0, or the floor or ceiling; None where unknown."""
    if check.claim is Claim.BETTER:
        return 0.0
    if check.margin is None:
        return None
    return -check.margin if check.claim is Claim.NOT_WORSE else check.margin


def figures(check: CheckResult) -> Figures:
    """A check's numbers in print."""
    decimals = next(d for d in range(1, MOST_DECIMALS + 1) if _settled(check, d))
    low, high = check.interval or (None, None)
    return Figures(
        estimate=_text(check, check.estimate, decimals),
        low=_text(check, low, decimals),
        high=_text(check, high, decimals),
        limit=_text(check, limit(check), decimals),
        unit="points" if is_difference(check) and is_share(check) else "",
    )


def _settled(check: CheckResult, decimals: int) -> bool:
    """Whether no bound looks equal to the limit without being it."""
    edge = limit(check)
    if edge is None or decimals == MOST_DECIMALS:
        return True
    edge_text = _text(check, edge, decimals)
    return all(
        bound == edge or _text(check, bound, decimals) != edge_text
        for bound in check.interval or ()
    )


def _text(check: CheckResult, value: float | None, decimals: int) -> str:
    if value is None:
        return ""
    if not is_share(check):
        return plain(value)
    return points(value, decimals) if is_difference(check) else percent(value, decimals)


def level(value: float) -> str:
    """A mean score: a share in per cent, anything else plainly."""
    return percent(value) if 0 <= value <= 1 else plain(value)


def _signed(value: float, decimals: int) -> str:
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0 or math.copysign(1, value) == 0:
        return text
    return ("+" if value > 0 else MINUS) + text
