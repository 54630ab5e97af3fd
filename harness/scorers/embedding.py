"""Does the answer mean what the target means?"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from harness.errors import UsageError
from harness.suite.scoring import Judgement

from .targets import Targeted, graded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT = 10_000
"""Embeddings kept for the next answer: the arms share their targets and many answers."""


class EmbeddingSimilarity(Targeted):
    """Cosine of the embeddings of answer and target, 0 where it is negative.

    The model cuts what is longer than its limit. Each text is embedded alone, so that no score
    depends on its neighbours.
    """

    version: ClassVar[str] = "1"
    binary: ClassVar[bool] = False

    model: Annotated[str, Field(min_length=1)]
    """A directory of sentence-transformers with safetensors."""

    def judge(self, text: str, targets: Sequence[str]) -> Judgement:
        """Unscored without sentence-transformers, or a model that it can load."""
        try:
            said = _embedded(self.model, text)
            cosine = max(float(said @ _embedded(self.model, target)) for target in targets)
        except UsageError as error:
            return Judgement(None, str(error))
        if not math.isfinite(cosine):
            return Judgement(None, f"the embeddings' cosine is {cosine}")
        return graded(min(max(cosine, 0.0), 1.0), text)


@lru_cache(maxsize=KEPT)
def _embedded(model: str, text: str) -> NDArray[np.float64]:
    """The embedding [D] of a text, its length 1; NaN where the model gives zeros."""
    import numpy as np

    vector = np.asarray(_loaded(model).encode(text, show_progress_bar=False), np.float64)
    length = np.linalg.norm(vector)
    return vector / length if length else np.full_like(vector, np.nan)


@lru_cache(maxsize=2)
def _loaded(model: str) -> Any:
    """The model in a directory; UsageError where it cannot be used."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise UsageError(
            "embedding_similarity needs sentence-transformers; pip install sentence-transformers"
        ) from error
    _check(model)
    try:
        return SentenceTransformer(
            model,
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"no sentence-transformers model can be loaded from {model}") from error


def _check(model: str) -> None:
    """UsageError unless a directory's modules are all of the library itself.

    Releases of sentence-transformers before 6 run the code of any other class that
    ``modules.json`` names, unasked.
    """
    try:
        modules = json.loads(Path(model, "modules.json").read_text("utf-8"))
        kinds = [str(module["type"]) for module in modules]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{model} should be a sentence-transformers directory; its modules.json cannot be read"
        ) from error
    for kind in kinds:
        if not kind.startswith("sentence_transformers."):
            raise UsageError(f"{model} brings code of its own, {kind}, which is never run")
