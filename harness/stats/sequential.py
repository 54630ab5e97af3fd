"""Group-sequential looks: O'Brien-Fleming-shaped bounds, sequential p-values, futility.

With Z_k the normal deviate at information fraction t_k, B_k = Z_k·√t_k is a Brownian motion seen
at t_1 < … < t_K = 1, and the bound c/√t_k on Z is the constant c on B. Crossing probabilities
come from the recursion of Armitage, McPherson and Rowe (1969), JRSS A 132, 235–244, integrated
numerically (Jennison and Turnbull (2000), Group Sequential Methods, chapter 19).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
from scipy.special import ndtr

from .clusters import Values
from .roots import root
from .tango import critical, tail

PLANNED_POWER = 0.8
FUTILE_SHARE = 1 / 6
"""Of candidates with the planned power, the share stopped as futile by information 1.

At four equal looks and α = .05 this gives z < −.5, .25 and .9.
"""

Fractions: TypeAlias = tuple[float, ...]

_REACH = 8.5
"""Standard deviations beyond which a normal has no mass that double precision would notice."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_PANEL = 4.5
"""Standard deviations of an increment that one Gauss-Legendre panel may span."""


def bounds(alpha: float, information: Sequence[float]) -> tuple[float, ...]:
    """Z at each look from which on a one-sided claim is proven, at ``alpha`` over all looks.

    ``information``: fractions of the planned information at the looks. Raises ValueError where
    they do not increase to 1.
    """
    times = _fractions(information)
    c = _constant(alpha, times)
    return tuple(c / math.sqrt(t) for t in times)


def nominal(alpha: float, information: Sequence[float]) -> tuple[float, ...]:
    """One-sided level at each look at which a fixed-sample test crosses the same bounds."""
    return tuple(tail(z, None) for z in bounds(alpha, information))


def p_value(z_so_far: Sequence[float], information: Sequence[float]) -> float:
    """The smallest alpha at which the bounds would have been crossed by now.

    ``z_so_far``: z of the first looks, ``information`` that of all planned ones. At most alpha
    exactly where ``bounds(alpha, information)`` was crossed, whenever one stops looking.
    Raises ValueError for no look, or more than are planned.
    """
    times = _fractions(information)
    if not 0 < len(z_so_far) <= len(times):
        raise ValueError(f"{len(z_so_far)} looks; {len(times)} are planned")
    highest = max(z * math.sqrt(t) for z, t in zip(z_so_far, times, strict=False))
    if math.isinf(highest):
        return 0.0 if highest > 0 else 1.0
    return min(1.0, _crossing(highest, times))


def futility(alpha: float, information: Sequence[float]) -> tuple[float, ...]:
    """Z at each look below which going on is not worth its cost; −inf at the last.

    Linear error spending: a candidate whose fixed-sample power at ``alpha`` is 80% is stopped as
    futile by information t with probability t/6; most of those would have failed anyway. Not
    binding: ``bounds`` keep alpha whether or not one stops. Raises ValueError as they do.
    """
    return _futility(alpha, _fractions(information))


def power(alpha: float, information: Sequence[float], fixed: float) -> float:
    """Probability of proving a claim with looks and futility.

    Of a truth for which the test at the end alone has power ``fixed``. Raises ValueError as
    ``bounds`` does.
    """
    times = _fractions(information)
    drift = critical(alpha, None) + critical(1 - fixed, None)
    c, floors = _constant(alpha, times), _futility(alpha, times)
    going, proven = _START, 0.0
    for step, floor in zip(_steps(times, times), floors, strict=True):
        proven += float(ndtr((going.at + drift * step.size - c) / step.sd) @ going.mass)
        middle, reach = drift * step.until, _REACH * math.sqrt(step.until)
        low, high = max(floor * math.sqrt(step.until), middle - reach), min(c, middle + reach)
        if low >= high:
            break
        going = _advance(going, step, drift, low, high)
    return proven


def fixed_power(alpha: float, information: Sequence[float], target: float) -> float:
    """The power that the test at the end alone must have, for ``power`` to be ``target``."""
    return root(lambda fixed: power(alpha, information, fixed) - target, target / 2, 1 - 1e-9)


@cache
def _constant(alpha: float, times: Fractions) -> float:
    least = critical(alpha, None)
    if len(times) == 1:
        return least
    most = critical(alpha / len(times), None)
    # Where a first look adds nothing, c is ``least`` itself, on either side of rounding.
    return root(lambda c: _crossing(c, times) - alpha, least - 1e-6, most, xtol=1e-10)


@cache
def _futility(alpha: float, times: Fractions) -> tuple[float, ...]:
    drift = critical(alpha, None) + critical(1 - PLANNED_POWER, None)
    c, going, spent, found = _constant(alpha, times), _START, 0.0, []
    for step in _steps(times[:-1], times):
        middle, reach = drift * step.until, _REACH * math.sqrt(step.until)
        due = FUTILE_SHARE * step.until - spent

        def excess(b: float, going: _Going = going, step: _Step = step, due: float = due) -> float:
            return float(ndtr((b - going.at - drift * step.size) / step.sd) @ going.mass) - due

        floor = min(c, root(excess, middle - reach, middle + reach, xtol=1e-10))
        spent += excess(floor) + due
        going = _advance(going, step, drift, max(floor, middle - reach), min(c, middle + reach))
        found.append(floor / math.sqrt(step.until))
    return (*found, -math.inf)


@dataclass(frozen=True, slots=True)
class _Going:
    """Paths that were not stopped: points of B, and their density times quadrature weight."""

    at: Values
    mass: Values


_START = _Going(np.zeros(1), np.ones(1))


@dataclass(frozen=True, slots=True)
class _Step:
    """From one look to the next."""

    until: float
    size: float
    smoothest: float
    """Standard deviation of the shorter of this increment and the next."""

    @property
    def sd(self) -> float:
        return math.sqrt(self.size)


def _steps(times: Sequence[float], planned: Fractions) -> Iterator[_Step]:
    sizes = [*np.diff((0.0, *planned)).tolist(), math.inf]
    for k, until in enumerate(times):
        yield _Step(until, sizes[k], math.sqrt(min(sizes[k], sizes[k + 1])))


def _crossing(c: float, times: Fractions) -> float:
    """P(max_k B_k ≥ c) without drift."""
    going, crossed = _START, 0.0
    for step in _steps(times, times):
        crossed += float(ndtr((going.at - c) / step.sd) @ going.mass)
        reach = _REACH * math.sqrt(step.until)
        if step.until == times[-1] or c <= -reach:
            break
        going = _advance(going, step, 0.0, -reach, min(c, reach))
    return crossed


def _advance(going: _Going, step: _Step, drift: float, low: float, high: float) -> _Going:
    """The paths after an increment, of those that are then between ``low`` and ``high``."""
    panels = math.ceil((high - low) / (_PANEL * step.smoothest)) or 1
    half = (high - low) / panels / 2
    centres = low + half * (2 * np.arange(panels) + 1)
    at = (centres[:, None] + half * _NODES).ravel()
    z = (at[:, None] - going.at - drift * step.size) / step.sd
    density = np.exp(-z * z / 2) @ going.mass / (step.sd * math.sqrt(2 * math.pi))
    return _Going(at, half * np.tile(_WEIGHTS, panels) * density)


def _fractions(information: Sequence[float]) -> Fractions:
    times = tuple(round(t, 6) for t in information)
    if not times or times[0] <= 0 or times[-1] != 1 or any(np.diff(times) <= 0):
        raise ValueError(f"information {list(information)}; fractions must increase from 0 to 1")
    return times
