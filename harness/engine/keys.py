"""The identity of one output: whatever could change it is in its key.

Requests are made here and nowhere else, so that none carries a key of other content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from harness.engine.protocol import GenerateRequest, ScoreRequest
from harness.types import Arm


def generate_request(
    arm: Arm,
    prompt: tuple[int, ...],
    max_tokens: int,
    stop: tuple[str, ...],
    numerics: str,
    repeat: int = 0,
    temperature: float = 0.0,
    seed: int = 0,
) -> GenerateRequest:
    """A continuation; ``repeat`` tells deliberate repetitions of one request apart."""
    sampling = {"temperature": temperature, "seed": seed} if temperature > 0 else "greedy"
    content = {"prompt": prompt, "max_tokens": max_tokens, "stop": stop, "sampling": sampling}
    key = output_key(arm.base, arm.adapter, content, numerics, repeat)
    return GenerateRequest(key, arm.digest, prompt, max_tokens, stop, temperature, seed)


def score_request(
    arm: Arm,
    prompt: tuple[int, ...],
    choices: tuple[tuple[int, ...], ...],
    numerics: str,
    repeat: int = 0,
    unconditional: tuple[int, ...] = (),
    rolling: bool = False,
) -> ScoreRequest:
    """Likelihoods of choices; ``numerics`` is the class of the arm's executor."""
    content: dict[str, Any] = {"prompt": prompt, "choices": choices}
    if unconditional:
        content["unconditional"] = unconditional
    if rolling:
        content["rolling"] = True
    key = output_key(arm.base, arm.adapter, content, numerics, repeat)
    return ScoreRequest(key, arm.digest, prompt, choices, unconditional, rolling)


def output_key(
    base: str,
    adapter: str | None,
    content: Mapping[str, Any],
    numerics: str,
    repeat: int = 0,
) -> str:
    """SHA-256 over digests of base and adapter, the request's content, numerics and repeat."""
    text = (
        f'{{"adapter":{_kept(adapter)},"base":{_kept(base)},"content":{_content(content)},'
        f'"numerics":{_kept(numerics)},"repeat":{repeat},"schema":1}}'
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _content(content: Mapping[str, Any]) -> str:
    """Sorted keys, no spaces."""
    return "{" + ",".join(f'"{key}":{_part(content[key])}' for key in sorted(content)) + "}"


def _part(value: Any) -> str:
    return _dumps(value) if isinstance(value, dict) else _kept(value)


_dumps = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_kept = lru_cache(maxsize=64, typed=True)(_dumps)
"""The arms ask the same one after another."""
