"""What has to be asked of which arm: every selected case of every arm, once per content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.engine.keys import generate_request, score_request
from harness.engine.protocol import GenerateRequest, ScoreRequest
from harness.engine.reading import Reader, Tokens
from harness.gate.effect import PROMPTS
from harness.types import Answer, Arm, Case

from .arms import Arms

Request = GenerateRequest | ScoreRequest


@dataclass(frozen=True, slots=True)
class Probe:
    """A prompt that an arm is scored on to prove its effect; ``repeat`` 1 is measured anew."""

    prompt: str
    """Digest of the case whose prompt it is."""
    arm: str
    key: str
    repeat: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All requests of a run by key, and who asks for each."""

    requests: Mapping[str, Request]
    answers: tuple[Answer, ...]
    probes: tuple[Probe, ...]
    keys: Mapping[tuple[str, str], tuple[str, ...]]
    """Digests of case and arm → keys of the arm's outputs, one a repeat.

    Arms that cannot be measured or run are not in it.
    """
    base_of: Mapping[str, str]
    """Digest of an arm that requests name → digest of its base model."""


def make_plan(
    cases: Iterable[Case],
    probed: Sequence[Case],
    arms: Arms,
    readers: Mapping[str, Reader],
    numerics: Mapping[str, str],
    again: bool = False,
) -> Plan:
    """Plan ``cases`` for every arm that answers, and the proof of effect on every one that runs.

    ``probed``: cases whose prompts may prove effects; ``readers``: by digest of the base model;
    ``numerics``: class by executor; ``again``: the baseline answers each case twice.
    Identical requests of one arm are one; arms of equal content are one.
    """
    requests: dict[str, Request] = {}
    answers: list[Answer] = []
    keys: dict[tuple[str, str], tuple[str, ...]] = {}
    answering, runnable = arms.answering(), arms.runnable()
    serving: dict[tuple[str, str], Arm] = {}
    for case in cases:
        texts: dict[str, Tokens] = {}
        for arm in answering:
            place = (arm.digest, case.suite)
            if place not in serving:
                serving[place] = arms.serving(arm, case.suite)
            runs = serving[place]
            if runs.base not in texts:
                texts[runs.base] = readers[runs.base].read(case)
            repeats = case.generation.repeats if case.generation else 1
            if again and arm.digest == arms.baseline.digest:
                repeats *= 2
            asked = [
                _request(case, runs, texts[runs.base], numerics[runs.executor], repeat)
                for repeat in range(repeats)
            ]
            requests.update({request.key: request for request in asked})
            keys[case.digest, arm.digest] = tuple(request.key for request in asked)
            answers += [
                Answer(case.digest, arm.digest, request.key, repeat)
                for repeat, request in enumerate(asked)
            ]
    probes = []
    for case in probe_prompts(probed):
        for arm, repeat in [*((arm, 0) for arm in runnable), (runnable[0], 1)]:
            tokens = readers[arm.base].probe(case)
            probe = _probe_request(arm, tokens, numerics[arm.executor], repeat)
            requests[probe.key] = probe
            probes.append(Probe(case.digest, arm.digest, probe.key, repeat))
    base_of = {arm.digest: arm.base for arm in runnable}
    return Plan(requests, tuple(answers), tuple(probes), keys, base_of)


def probe_prompts(cases: Sequence[Case]) -> list[Case]:
    """Up to 16 cases with different prompts, the same ones whatever is selected."""
    by_prompt = {case.prompt: case for case in cases}
    return sorted(by_prompt.values(), key=lambda case: case.digest)[:PROMPTS]


def _request(case: Case, arm: Arm, tokens: Tokens, numerics: str, repeat: int) -> Request:
    how = case.generation
    if how is None:
        asked = (tokens.prompt, tokens.choices, numerics, repeat)
        return score_request(arm, *asked, tokens.unconditional, case.rolling)
    if how.temperature > 0:  # the seed tells repeats apart
        drawn = (0, how.temperature, (how.seed + repeat) % 2**32)
        return generate_request(arm, tokens.prompt, how.max_tokens, how.stop, numerics, *drawn)
    return generate_request(arm, tokens.prompt, how.max_tokens, how.stop, numerics, repeat)


def _probe_request(arm: Arm, tokens: tuple[int, ...], numerics: str, repeat: int) -> ScoreRequest:
    """How likely is the second half of a real prompt after its first?"""
    half = max(1, len(tokens) // 2)
    return score_request(arm, tokens[:half], (tokens[half:] or tokens,), numerics, repeat)
