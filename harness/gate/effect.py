"""Proof of effect: an adapter that changes nothing must not be compared, let alone promoted.

Between arms of different content, log-probabilities on real prompts differ by more than
max(10 × what one arm differs from itself when run twice, 1e-4 nats). A server that tells no
log-probabilities has texts to go by: more of them must differ than do by themselves.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from harness.types import Arm, Effect

PROMPTS = 16
"""Prompts to prove it on; all there are where a suite has fewer."""
NOISE_FACTOR = 10.0
LEAST_DIFFERENCE = 1e-4
"""nats"""

Scored = Mapping[str, float]
"""Probe prompt → log-probability, in nats, of its second half."""


def largest_difference(one: Scored, other: Scored) -> float | None:
    """Largest absolute difference over the prompts that both have; None without any."""
    gaps = [abs(value - other[key]) for key, value in one.items() if key in other]
    return max(gaps, default=None)


def prove(arms: Sequence[Arm], scored: Mapping[str, Scored], twice: Scored) -> tuple[Effect, ...]:
    """Compare every pair of arms of different content.

    ``scored`` is by arm digest. ``twice`` holds a second, fresh measurement of ``arms[0]``.
    """
    unique = list({arm.digest: arm for arm in arms}.values())
    noise = largest_difference(scored.get(arms[0].digest, {}), twice)
    return tuple(
        _compare(one, other, scored.get(one.digest, {}), scored.get(other.digest, {}), noise)
        for one, other in itertools.combinations(unique, 2)
    )


Said = Mapping[str, str]
"""Case digest → what was written."""
TEXTS = "share of texts"
"""Unit of an effect that was proven by them."""


def prove_by_texts(
    arms: Sequence[Arm], said: Mapping[str, Said], first: Said, second: Said
) -> tuple[Effect, ...]:
    """Compare every pair of arms of different content by what they wrote.

    ``said`` is by arm digest; ``first`` and ``second`` are one arm's answers to the same questions,
    asked twice. Twice as many texts must differ as do there, and one at least.
    """
    unique = list({arm.digest: arm for arm in arms}.values())
    noise, _ = _changed(first, second)
    return tuple(
        _by_texts(one, other, said.get(one.digest, {}), said.get(other.digest, {}), noise)
        for one, other in itertools.combinations(unique, 2)
    )


def _changed(one: Said, other: Said) -> tuple[float | None, int]:
    """The share of texts that differ, of those that both have, and how many these are."""
    common = one.keys() & other.keys()
    if not common:
        return None, 0
    return sum(one[key] != other[key] for key in common) / len(common), len(common)


def _by_texts(one: Arm, other: Arm, a: Said, b: Said, noise: float | None) -> Effect:
    difference, prompts = _changed(a, b)
    threshold = None if noise is None else 2 * noise
    proven = difference is not None and threshold is not None and difference > threshold
    if difference is None or threshold is None:
        reason = (
            f"effect of {one.name} against {other.name} was not measured: "
            "no text came back for both, or none of the baseline run twice"
        )
    else:
        reason = (
            f"{one.name} and {other.name} differ in content but not in behaviour: {difference:.1%} "
            f"of {prompts} texts differ, more than {threshold:.1%} is needed; does the server run "
            "what its names say?"
        )
    return Effect(
        arm=one.digest,
        other=other.digest,
        prompts=prompts,
        difference=difference,
        noise=noise,
        threshold=threshold,
        proven=proven,
        reason="" if proven else reason,
        unit=TEXTS,
    )


def _compare(one: Arm, other: Arm, a: Scored, b: Scored, noise: float | None) -> Effect:
    difference, prompts = largest_difference(a, b), len(a.keys() & b.keys())
    threshold, proven = None, False
    if difference is None or noise is None or not math.isfinite(difference):
        difference = None
        reason = (
            f"effect of {one.name} against {other.name} was not measured: "
            "no log-probability came back for both, or none of the first arm run twice"
        )
    else:
        threshold = max(NOISE_FACTOR * noise, LEAST_DIFFERENCE)
        proven = difference > threshold
        reason = (
            f"{one.name} and {other.name} differ in content but not in behaviour: on {prompts} "
            f"prompts their log-probabilities differ by {difference:.2g} nats at most, "
            f"{threshold:.2g} is needed; is the adapter trained, and active on this base?"
        )
    return Effect(
        arm=one.digest,
        other=other.digest,
        prompts=prompts,
        difference=difference,
        noise=noise,
        threshold=threshold,
        proven=proven,
        reason="" if proven else reason,
    )


def objection(
    candidate: Arm, reference: Arm | None, base: Arm, effects: Sequence[Effect]
) -> str | None:
    """Why a check of these arms proves nothing, if so.

    Every pair with the candidate must be proven, since an arm that acts like another may have
    been taken for it; and the reference must have an effect of its own over the base model.
    """
    for effect in effects:
        pair = {effect.arm, effect.other}
        idle_reference = reference is not None and pair == {reference.digest, base.digest}
        if not effect.proven and (candidate.digest in pair or idle_reference):
            return effect.reason
    return None
