"""A fake engine whose models judge as well, by rules that a test can see through.

Asked to grade, a model looks at the answer's words alone: a colour that the question's number
has is worth 5, another one 2, and every ``!`` one grade more, which is its bias. ``FAILS`` is the
share of questions to a judge that fail. Asked to compare, it prefers what it would grade higher;
between equals the first, which is its position bias.
"""

import re

import fake_engine
from fake_engine import COLOURS, FakeEngine, luck

from harness.types import Output

FAILS = [0.0]
STYLE = {}
"""Skill of an adapter → what it adds to every answer."""


class JudgingEngine(FakeEngine):
    """``harness.engine.protocol.Engine``."""

    def _output(self, request, likelihoods):
        prompt = self.tokenizer.decode(request.prompt)
        if not prompt.startswith("You "):
            output = super()._output(request, likelihoods)
            style = STYLE.get(self.skills[request.arm], "")
            return output if output.text is None else Output(request.key, text=output.text + style)
        if luck(request.key) < FAILS[0]:
            return Output(request.key, error="the judge is out to lunch")
        said = self._judge(prompt)
        words = getattr(request, "choices", None)
        if words is None:
            return Output(request.key, text=f" Grade: {said}.")
        known = [self.tokenizer.decode(word).strip() for word in words]
        return Output(request.key, logprobs=tuple(0.0 if w == said else -60.0 for w in known))

    def _likelihoods(self, request):
        if self.tokenizer.decode(request.prompt).startswith("You "):
            return ()
        return super()._likelihoods(request)

    def _judge(self, prompt):
        number = int(re.findall(r"Item (\d+)", prompt)[-1])
        if prompt.startswith("You grade"):
            answer = re.search(r"\nAnswer:\n(.*?)\n\nGrade", prompt, re.DOTALL)[1]
            return str(_grade(answer, number))
        first = _grade(re.search(r"Answer A:\n(.*?)\n\nAnswer B", prompt, re.DOTALL)[1], number)
        second = _grade(re.search(r"Answer B:\n(.*?)\n\nWhich", prompt, re.DOTALL)[1], number)
        return "A" if first >= second else "B"


def _grade(answer, number):
    right = COLOURS[number % 3] in answer
    return min(5, (4 if right else 2) + answer.count("!"))


assert fake_engine
