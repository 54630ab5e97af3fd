"""What an arm answered, whether it wrote or chose it."""

from __future__ import annotations

import math

from harness.types import Case, Output

NO_TARGET = "the case has no target"


def chosen(case: Case, output: Output) -> tuple[int | None, str]:
    """Index of the most likely choice; None and why where that cannot be told.

    The first of equally likely choices is the answer, as in every harness that takes an
    argmax; a likelihood that is not finite makes the whole answer unknown.
    """
    likelihoods = output.logprobs
    if likelihoods is None or len(likelihoods) != len(case.choices) or not likelihoods:
        count = len(likelihoods or ())
        return None, output.error or f"{count} log-likelihoods for {len(case.choices)} choices"
    for choice, value in zip(case.choices, likelihoods, strict=True):
        if not math.isfinite(value):
            return None, f"log-likelihood of '{choice}' is {value}"
    return max(range(len(likelihoods)), key=likelihoods.__getitem__), ""


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
