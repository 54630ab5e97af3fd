"""What an arm answered, whether it wrote or chose it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.types import Case, Output

NO_TARGET = "the case has no target"


def likelihoods(
    case: Case, output: Output, unconditional: bool = False
) -> tuple[Sequence[float], str]:
    """The log-likelihood of each choice, all finite; none and why where one is missing.

    ``unconditional``: those after the task's unconditional prompt.
    """
    kind = "unconditional log-likelihood" if unconditional else "log-likelihood"
    values = (output.prior if unconditional else output.logprobs) or ()
    if len(values) != len(case.choices) or not values:
        return (), output.error or f"{len(values)} {kind}s for {len(case.choices)} choices"
    for choice, value in zip(case.choices, values, strict=True):
        if not math.isfinite(value):
            return (), f"{kind} of '{choice}' is {value}"
    return values, ""


def largest(values: Sequence[float]) -> int:
    """Index of the first of the largest, as in every harness that takes an argmax."""
    return max(range(len(values)), key=values.__getitem__)


def chosen(case: Case, output: Output) -> tuple[int | None, str]:
    """Index of the most likely choice; None and why where that cannot be told.

    A likelihood that is not finite makes the whole answer unknown.
    """
    values, reason = likelihoods(case, output)
    return (largest(values) if values else None), reason


def written(output: Output) -> tuple[str | None, str]:
    """The generated text; None and why where none was generated."""
    return output.text, "" if output.text is not None else output.error or "no text was generated"


def answer(case: Case, output: Output) -> tuple[str | None, str]:
    """The generated text, or the chosen choice; None and why where there is neither."""
    if output.text is not None:
        return output.text, ""
    index, reason = chosen(case, output)
    return (None, reason) if index is None else (case.choices[index], "")


def plain(text: str) -> str:
    """Without outer white space, inner white space as single blanks; nothing else is changed."""
    return " ".join(text.split())
