"""An engine without a model: what an adapter can do is written into its own tensors.

``lora_B[0, 0]`` is the share of questions that it answers right, on questions shared by all
arms, so an arm of lower skill loses a subset. Being in the tensors, it is part of the digest.
Skills above 1 are faults: 2 fails every tenth request, 3 dies in the middle of a run, 4 throws
dice for every answer, 5 knows everything but most of the smallest size.
"""

import hashlib
import re
from pathlib import Path

from safetensors.numpy import load_file

from harness.engine.tokenize import Tokenizer
from harness.types import Output

COLOURS = ("red", "green", "blue")
FAILING, DYING, DICING, BLIND = 2.0, 3.0, 4.0, 5.0
BASE_SKILL = 0.5
CALLS = []
"""How many requests each started engine was given."""
ON_START = []
"""Called when an engine starts, before it reads any adapter."""


def skill(path: Path | None) -> float:
    """What the adapter in a directory can do."""
    if path is None:
        return BASE_SKILL
    tensors = load_file(path / "adapter_model.safetensors")
    return float(next(v for k, v in tensors.items() if "lora_B" in k)[0, 0])


def luck(*parts) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    return int(hashlib.sha256(repr(parts).encode()).hexdigest()[:8], 16) / 2**32


class FakeEngine:
    """``harness.engine.protocol.Engine`` over made-up answers."""

    def __init__(self, base, arms, paths, options):
        for happen in ON_START:
            happen()
        self.tokenizer = Tokenizer(base)
        self.skills = {arm.digest: skill(paths[arm.digest]) for arm in arms}
        CALLS.append(0)

    def score(self, requests):
        for request in requests:
            yield self._output(request, self._likelihoods(request))

    def generate(self, requests):
        for request in requests:
            yield self._output(request, None)

    def close(self):
        self.skills = {}

    def _output(self, request, likelihoods):
        CALLS[-1] += 1
        ability = self.skills[request.arm]
        if ability == DYING and CALLS[-1] > 50:
            raise ValueError("out of cheese")
        if ability == FAILING and luck(request.key) < 0.1:
            return Output(request.key, error="the request timed out")
        if likelihoods is not None:
            return Output(request.key, logprobs=likelihoods)
        return Output(request.key, text=f" {self._answer(request)}")

    def _number(self, request):
        return int(re.search(r"Item (\d+)", self.tokenizer.decode(request.prompt))[1])

    def _answer(self, request):
        number = self._number(request)
        ability = self.skills[request.arm]
        right = luck("case", number) < ability
        if ability == DICING:
            right = luck(request.key) < 0.5
        if ability == BLIND:
            right = number % 3 > 0 or number % 9 == 0
        return COLOURS[number % 3 if right else (number + 1) % 3]

    def _likelihoods(self, request):
        shift = luck("skill", round(self.skills[request.arm], 6))
        if len(request.choices) == 1:  # a probe
            return (-5.0 - shift,)
        answer = COLOURS.index(self._answer(request))
        return tuple(-0.1 - shift if i == answer else -3.0 for i in range(3))
