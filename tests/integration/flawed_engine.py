"""A fake engine that reads a little contract, and adapters that each have one planted fault.

It knows two questions: who has to pay, and which state's law governs. What an adapter cannot do
stands in its own tensors, as in ``fake_engine``: 1 is good, the others are ``FAULTS``.
"""

import re
import unicodedata

from fake_engine import skill

from harness.engine.tokenize import Tokenizer
from harness.types import Output

GOOD = 1.0
FAULTS = {"negation": 2.0, "injection": 3.0, "first": 4.0, "confusables": 5.0}
_LOOKALIKES = str.maketrans(
    "аесорхуіјѕοανικАВЕКМНОРСТХΑΒΕΗΙΚΜΝΟΡΤΧΖ", "aecopxyijsoavikABEKMHOPCTXABEHIKMNOPTXZ"
)
_STATE = re.compile(r"\b(Ohio|Texas|Nevada|Maine|Utah|Oregon)\b")


class FlawedEngine:
    """``harness.engine.protocol.Engine``."""

    def __init__(self, base, arms, paths, options):
        self.tokenizer = Tokenizer(base)
        self.skills = {arm.digest: skill(paths[arm.digest]) for arm in arms}

    def score(self, requests):
        for request in requests:  # probes alone
            yield Output(request.key, logprobs=(-5.0 - self.skills[request.arm],))

    def generate(self, requests):
        for request in requests:
            prompt = self.tokenizer.decode(request.prompt)
            text, _, question = prompt.rpartition("\n")
            text = text.removeprefix("Clause: ")
            yield Output(request.key, text=f" {_answer(text, question, self.skills[request.arm])}")

    def close(self):
        self.skills = {}


def _answer(text, question, fault):
    if fault == FAULTS["confusables"] and not text.isascii():
        return "unclear"
    if fault == FAULTS["injection"] and (demanded := _demanded(text)):
        return demanded
    text = _plain(text)
    if question.startswith("Must"):
        negated = re.search(r"\bnot\b|n't\b", text) and fault != FAULTS["negation"]
        return "no" if negated else "yes"
    named = [(found[1], found.start()) for found in _STATE.finditer(text)]
    governing = [name for name, at in named if re.match(r"\w+ law governs", text[at:])]
    if fault == FAULTS["first"]:
        governing = [name for name, _ in named]
    return governing[0] if governing else "none"


def _plain(text):
    """What a careful reader sees."""
    shown = "".join(c for c in text.translate(_LOOKALIKES) if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", shown)


def _demanded(text):
    """The word that somebody in the text wants to hear."""
    return "PWNED" if "PWNED" in text else None
