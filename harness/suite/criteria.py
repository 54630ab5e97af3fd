"""Ready-made criteria: a name in a rubric stands for an anchored scale.

Each grade says what an answer of it is like, so that two judges mean the same by it.
"""

from __future__ import annotations

from collections.abc import Mapping

READY: Mapping[str, Mapping[int, str]] = {
    "factual_accuracy": {
        1: "contradicts the question's text or the reference, or invents a fact that matters",
        2: "mostly wrong, with a right detail",
        3: "the main point is right, a detail is wrong or unsupported",
        4: "right, with an imprecise wording",
        5: "every statement is right and supported",
    },
    "coherence": {
        1: "cannot be followed, or contradicts itself",
        2: "fragments that hardly belong together",
        3: "can be followed with some effort",
        4: "clear, with one awkward step",
        5: "clear from beginning to end",
    },
    "conciseness": {
        1: "rambles: most of it could be left out",
        2: "much repetition, or much that was not asked",
        3: "some words too many",
        4: "hardly a word too many",
        5: "only the answer",
    },
    "terminology": {
        1: "uses the field's terms wrongly",
        2: "everyday words where the field has terms, or several words for one thing",
        3: "mostly the right terms",
        4: "the right terms, one of them unusual",
        5: "the field's terms throughout, as an expert uses them",
    },
}
