"""Similarity of embeddings, by a real model of sentence-transformers that is made here."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.scorers.embedding import EmbeddingSimilarity
from harness.types import Case, Output

MakeCase = Callable[..., Case]
pytestmark = pytest.mark.torch
TEXTS = ["governed by ohio law", "governed by the law of ohio", "the fee is due", ""]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers with random weights, its mean pooled."""
    library = pytest.importorskip("sentence_transformers")
    import torch
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("embedding")
    words = sorted({word for text in TEXTS for word in text.split()})
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
    config = BertConfig(vocab_size=len(vocabulary), num_hidden_layers=2, **sizes)
    BertModel(config).save_pretrained(folder / "bert")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=32)
    made = library.SentenceTransformer(modules=[transformer, Pooling(16)], device="cpu")
    made.save(str(folder / "model"))
    return folder / "model"


def test_it_is_the_cosine_of_the_library_s_embeddings(make_case: MakeCase, model: Path) -> None:
    """Each text with each; an equal one is 1."""
    from sentence_transformers import SentenceTransformer

    scorer = EmbeddingSimilarity(model=str(model))
    known = SentenceTransformer(str(model), device="cpu")
    for answer in TEXTS:
        for target in TEXTS:
            one, other = (known.encode(text).astype(np.float64) for text in (answer, target))
            cosine = float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
            judged = scorer.score(make_case(target), Output("k", text=answer))
            assert judged.value == pytest.approx(max(cosine, 0.0), abs=1e-6)


def test_the_nearest_of_several_counts(make_case: MakeCase, model: Path) -> None:
    """An answer that is one of the others is 1."""
    scorer = EmbeddingSimilarity(model=str(model), also="others")
    case = make_case(TEXTS[2], others=[TEXTS[0]])
    assert scorer.score(case, Output("k", text=TEXTS[0])).value == pytest.approx(1.0)


@pytest.mark.parametrize("content", [None, "{", "[1]"])
def test_what_is_no_model_leaves_answers_unscored(
    make_case: MakeCase, tmp_path: Path, content: str | None
) -> None:
    """The reason names the directory."""
    if content is not None:
        (tmp_path / "modules.json").write_text(content)
    scorer = EmbeddingSimilarity(model=str(tmp_path))
    judged = scorer.score(make_case("a"), Output("k", text="a"))
    assert judged.value is None
    assert f"{tmp_path} should be a sentence-transformers directory" in judged.reason


def test_a_model_that_brings_code_is_never_run(
    make_case: MakeCase, model: Path, tmp_path: Path
) -> None:
    """Its modules are read before the library is asked to load them."""
    copy = tmp_path / "copy"
    shutil.copytree(model, copy)
    modules = json.loads((copy / "modules.json").read_text())
    modules[0]["type"] = "evil.Module"
    (copy / "modules.json").write_text(json.dumps(modules))
    judged = EmbeddingSimilarity(model=str(copy)).score(make_case("a"), Output("k", text="a"))
    assert judged.value is None
    assert "brings code of its own, evil.Module" in judged.reason


def test_without_the_library_it_says_what_to_install(
    make_case: MakeCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unscored, not wrong."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    judged = EmbeddingSimilarity(model=str(tmp_path)).score(make_case("a"), Output("k", text="a"))
    assert judged.value is None
    assert "pip install sentence-transformers" in judged.reason
