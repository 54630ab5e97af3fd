"""What has to be asked of which arm: every selected case of every arm, once per content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.engine.keys import generate_request, score_request
from harness.engine.protocol import GenerateRequest, ScoreRequest
from harness.engine.tokenize import Tokenizer
from harness.gate.effect import PROMPTS
from harness.types import Answer, Arm, Case

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
    keys: Mapping[str, tuple[str, ...]]
    """Case digest → keys of its outputs, one an arm."""


def make_plan(
    cases: Iterable[Case],
    probed: Sequence[Case],
    arms: Sequence[Arm],
    tokenizer: Tokenizer,
    numerics: Mapping[str, str],
) -> Plan:
    """Plan ``cases`` and the proof of effect on every arm.

    ``probed``: cases whose prompts may prove effects; ``numerics``: class by executor.
    Identical requests of one arm are one; arms of equal content are one.
    """
    requests: dict[str, Request] = {}
    answers, keys = [], {}
    for case in cases:
        asked = [_request(case, arm, tokenizer, numerics[arm.executor]) for arm in arms]
        keys[case.digest] = tuple(request.key for request in asked)
        requests.update({request.key: request for request in asked})
        answers += [Answer(case.digest, a.digest, r.key) for a, r in zip(arms, asked, strict=True)]
    probes = []
    for case in probe_prompts(probed):
        for arm, repeat in [*((arm, 0) for arm in arms), (arms[0], 1)]:
            probe = _probe_request(case, arm, tokenizer, numerics[arm.executor], repeat)
            requests[probe.key] = probe
            probes.append(Probe(case.digest, arm.digest, probe.key, repeat))
    return Plan(requests, tuple(answers), tuple(probes), keys)


def probe_prompts(cases: Sequence[Case]) -> list[Case]:
    """Up to 16 cases with different prompts, the same ones whatever is selected."""
    by_prompt = {case.prompt: case for case in cases}
    return sorted(by_prompt.values(), key=lambda case: case.digest)[:PROMPTS]


def _request(case: Case, arm: Arm, tokenizer: Tokenizer, numerics: str) -> Request:
    prompt = tokenizer.encode(case.prompt)
    if case.generation is not None:
        how = case.generation
        return generate_request(arm, prompt, how.max_tokens, how.stop, numerics)
    choices = tuple(tokenizer.encode_choice(case.prompt, choice) for choice in case.choices)
    return score_request(arm, prompt, choices, numerics)


def _probe_request(
    case: Case, arm: Arm, tokenizer: Tokenizer, numerics: str, repeat: int
) -> ScoreRequest:
    """How likely is the second half of a real prompt after its first?"""
    tokens = tokenizer.encode(case.prompt)
    half = max(1, len(tokens) // 2)
    return score_request(arm, tokens[:half], (tokens[half:] or tokens,), numerics, repeat)
