"""Expectations of an answer, in the words of the suite language."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import regex

from harness.suite.model import Expectation, Matches, spoken
from harness.suite.scoring import Judgement, Reads
from harness.types import Case, Output

from .answer import answer, plain
from .clarification import Clarification
from .conflict import ConflictFlagged
from .detector import Detector
from .refusal import Refusal
from .strict_json import read_json

PATTERN_SECONDS = 2.0
"""Wall time of one regular expression on one answer; more is an error, not a failure."""


@dataclass(frozen=True, slots=True)
class Expect:
    """1 where an answer meets every expectation, else 0 and the reasons."""

    expectations: Sequence[Expectation]
    threshold: float | None = None
    """The share of their weights that is enough; None: all of them."""

    version: ClassVar[str] = (
        f"3.{Refusal.version}.{Clarification.version}.{ConflictFlagged.version}"
    )
    binary: ClassVar[bool] = True
    reads: ClassVar[Reads] = "answer"

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where there is no answer, or where a pattern ran out of time."""
        text, reason = answer(case, output)
        if text is None:
            return Judgement(None, reason)
        try:
            failed = [(each, list(unmet(each, text))) for each in self.expectations]
        except TimeoutError:
            return Judgement(None, f"a pattern took more than {PATTERN_SECONDS:g} s")
        lost = math.fsum(_weight(each) for each, reasons in failed if reasons)
        held = 1 - lost / math.fsum(map(_weight, self.expectations))
        if lost == 0 or (self.threshold is not None and held >= self.threshold - 1e-12):
            return Judgement(1.0)
        said = "; ".join(why for _, reasons in failed for why in reasons)
        return Judgement(0.0, said if self.threshold is None else f"{held:.0%} held; {said}")


def _weight(expectation: Expectation) -> float:
    return 1.0 if expectation.weight is None else expectation.weight


def unmet(expectation: Expectation, text: str) -> Iterator[str]:
    """What of an expectation a text does not meet; TimeoutError from a pattern."""
    for name, wanted in expectation.words():
        if name == "any":
            reasons = [list(unmet(each, text)) for each in wanted]
            if all(reasons):
                yield f"none of: {' / '.join(why for found in reasons for why in found)}"
        elif name == "all":
            for each in wanted:
                yield from unmet(each, text)
        elif not _WORDS[name](text, wanted):
            yield spoken(name, wanted)


def _found(text: str, pattern: Matches) -> bool:
    flags = regex.IGNORECASE if pattern.ignore_case else 0
    return regex.search(pattern.pattern, text.strip(), flags, timeout=PATTERN_SECONDS) is not None


def _is_json(text: str) -> bool:
    try:
        read_json(text)
    except ValueError:
        return False
    return True


def _said(detector: Detector) -> Callable[[str, Any], bool]:
    return lambda text, wanted: (detector.phrase(text) is not None) is wanted


_WORDS: dict[str, Callable[[str, Any], bool]] = {
    "contains": lambda text, part: part in text,
    "not_contains": lambda text, part: part not in text,
    "icontains": lambda text, part: part.casefold() in text.casefold(),
    "not_icontains": lambda text, part: part.casefold() not in text.casefold(),
    "equals": lambda text, whole: plain(text) == plain(whole),
    "not_equals": lambda text, whole: plain(text) != plain(whole),
    "starts_with": lambda text, start: text.lstrip().startswith(start),
    "not_starts_with": lambda text, start: not text.lstrip().startswith(start),
    "ends_with": lambda text, end: text.rstrip().endswith(end),
    "not_ends_with": lambda text, end: not text.rstrip().endswith(end),
    "is_json": lambda text, wanted: _is_json(text) is wanted,
    "refuses": _said(Refusal()),
    "asks_back": _said(Clarification()),
    "flags_conflict": _said(ConflictFlagged()),
    "matches": _found,
    "not_matches": lambda text, pattern: not _found(text, pattern),
    "max_words": lambda text, number: len(text.split()) <= number,
    "min_words": lambda text, number: len(text.split()) >= number,
}
"""Word → whether a text meets it; ``any`` and ``all`` are made of these."""
