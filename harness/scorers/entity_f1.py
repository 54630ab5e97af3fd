"""Does the answer name the right entities?

Source: SemEval-2013 task 9.1 (Segura-Bedmar et al. 2013), whose words ``strict``, ``exact`` and
``partial`` are: partial matches have half credit. It compares places in a text; here are no
places, and two entities overlap where they share a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import regex
from pydantic import Field

from harness.suite.schema import shown
from harness.suite.scoring import BuiltScorer, CorpusScorer, Judgement, Reads
from harness.types import Case, Output

from .answer import NO_TARGET, plain, written
from .strict_json import read_json
from .token_f1 import tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HALF = 0.5
"""What a partial match is worth."""
_BREAK = regex.compile(r"[\n;]")


@dataclass(frozen=True, slots=True)
class Entity:
    """A text, and its type where one is given."""

    text: str
    type: str = ""


class EntityF1(BuiltScorer):
    """F1 of the entities that the answer names and those it should; two empty lists agree.

    Answer and target are JSON lists of texts or of objects with ``text`` and ``type``, or texts
    with a separator. An entity named twice counts twice. What begins as a JSON list and is none
    is a wrong answer.
    """

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = False
    reads: ClassVar[Reads] = "text"
    needs_target: ClassVar[bool] = True

    match: Literal["strict", "exact", "partial"] = "strict"
    """Text and type, the text alone, or a word of it for half credit."""
    separator: Annotated[str, Field(min_length=1)] | None = None
    """Of entities that are no JSON list; None means semicolons and lines."""
    ignore_case: bool = False

    def score(self, case: Case, output: Output) -> Judgement:
        """Unscored where the target is no list of entities."""
        text, reason = written(output)
        if text is None or case.target is None:
            return Judgement(None, reason or NO_TARGET)
        try:
            wanted = entities(case.target, self.separator)
        except ValueError as error:
            return Judgement(None, f"the target is no list of entities: {error}")
        try:
            said = entities(text, self.separator)
        except ValueError as error:
            return self._judged(0.0, 0, len(wanted), f"no list of entities: {error}")
        right = credit(self._keyed(said), self._keyed(wanted), self.match == "partial")
        reason = f"{right:g} right of {len(said)} named and {len(wanted)} wanted"
        return self._judged(right, len(said), len(wanted), reason)

    def _judged(self, right: float, said: int, wanted: int, reason: str) -> Judgement:
        value = 2 * right / (said + wanted) if said + wanted else 1.0
        return Judgement(value, "" if value == 1 else reason)

    def _keyed(self, found: Sequence[Entity]) -> list[Entity]:
        """The entities as they are compared."""
        return [
            Entity(
                each.text.casefold() if self.ignore_case else each.text,
                each.type if self.match == "strict" else "",
            )
            for each in found
        ]


class EntityF1Micro(EntityF1, CorpusScorer):
    """F1 of all entities of a task together: long lists count more than short ones."""

    def _judged(self, right: float, said: int, wanted: int, reason: str) -> Judgement:
        judged = super()._judged(right, said, wanted, reason)
        parts = ((0, right), (1, float(said)), (2, float(wanted)))
        return Judgement(judged.value, judged.reason, parts=parts)

    def size(self, choices: Sequence[str]) -> int:
        """Right, named and wanted."""
        return 3

    def combine(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """F1 from 0 to 1; NaN where there is no entity at all."""
        from harness.metrics.overlap import micro_f1

        return micro_f1(sums)


def entities(text: str, separator: str | None = None) -> list[Entity]:
    """The entities that a text lists, empty ones left out; ValueError where it is no list."""
    if text.lstrip().startswith("["):
        found = [_entity(item) for item in read_json(text)]
    else:
        parts = text.split(separator) if separator is not None else _BREAK.split(text)
        found = [Entity(plain(part)) for part in parts]
    return [each for each in found if each.text]


def _entity(item: Any) -> Entity:
    if isinstance(item, str):
        return Entity(plain(item))
    if isinstance(item, dict) and isinstance(item.get("text"), str):
        kind = item.get("type", "")
        if isinstance(kind, str):
            return Entity(plain(item["text"]), plain(kind))
    raise ValueError(
        f"an entity should be a text, or have a 'text' and a 'type', not {shown(item)}"
    )


def credit(said: Sequence[Entity], wanted: Sequence[Entity], partial: bool) -> float:
    """How many are right: equal ones, and by halves the most pairs of others that share a word."""
    equal = Counter(said) & Counter(wanted)
    right = float(equal.total())
    return right + HALF * _pairs(_rest(said, equal), _rest(wanted, equal)) if partial else right


def _rest(found: Sequence[Entity], equal: Counter[Entity]) -> list[set[str]]:
    """The words of the entities that have no equal."""
    return [set(tokens(each.text)) for each in (Counter(found) - equal).elements()]


def _pairs(said: Sequence[set[str]], wanted: Sequence[set[str]]) -> int:
    """Size of the largest matching between entities that share a word."""
    import numpy as np
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    if not said or not wanted:
        return 0
    shared = [[not one.isdisjoint(other) for other in wanted] for one in said]
    matched = maximum_bipartite_matching(csr_array(np.array(shared, np.int8)), perm_type="column")
    return int((matched >= 0).sum())
