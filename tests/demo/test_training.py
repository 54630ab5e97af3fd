"""Training in miniature: the seed decides, and nothing else is touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from harness.demo import pretrain as module
from harness.demo.adapters import train_adapter
from harness.demo.data import training_rows
from harness.demo.pretrain import pretrain
from harness.demo.recipe import ADAPTERS, BASE, Optimiser
from harness.demo.tokenizer import train_tokenizer
from harness.demo.training import Tokens, step_loss

TINY = replace(BASE, hidden=16, layers=1, heads=2, feed_forward=24, steps=2, questions=4, clauses=2)
V1, V2, _ = (replace(recipe, documents=2, replay=2, epochs=1) for recipe in ADAPTERS)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(1)


@pytest.fixture
def base(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> LlamaForCausalLM:
    monkeypatch.setattr(module, "BASE", TINY)
    return pretrain(tokenizer, 1)


def weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def lora(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {k: v for k, v in weights(model).items() if "lora_" in k}


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_the_seed_decides_the_base(
    base: LlamaForCausalLM, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit, whatever the global generator is at; another seed gives another base."""
    torch.rand(3)
    assert equal(weights(base), weights(pretrain(tokenizer, 1)))
    assert not equal(weights(base), weights(pretrain(tokenizer, 2)))


def test_training_leaves_the_global_generator_and_threads_alone(
    base: LlamaForCausalLM, tokenizer: Tokenizer
) -> None:
    """A gate in the same process must not depend on whether the demo was built before."""
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    pretrain(tokenizer, 3)
    train_adapter(base, tokenizer, V1, training_rows(V1, 1), None, 1)
    assert torch.equal(before, torch.random.get_rng_state())
    assert threads == torch.get_num_threads()


def test_the_base_loses_nothing_in_half_precision(base: LlamaForCausalLM) -> None:
    """As it is shipped."""
    assert all(torch.equal(w, w.half().float()) for w in weights(base).values())


def test_training_changes_the_adapter_and_not_the_base(
    base: LlamaForCausalLM, tokenizer: Tokenizer
) -> None:
    """Only LoRA's own matrices learn; their seed decides."""
    before = weights(base)
    one = train_adapter(base, tokenizer, V1, training_rows(V1, 1), None, 1)
    trained = lora(one)
    kept = {name.replace("base_layer.", ""): w for name, w in weights(base).items()}
    assert all(torch.equal(before[name], kept[name]) for name in before)
    assert all(matrix.abs().max() > 0 for matrix in trained.values())
    again = train_adapter(one.unload(), tokenizer, V1, training_rows(V1, 1), None, 1)
    assert equal(trained, lora(again))


def test_a_zero_extended_adapter_begins_as_its_parent(
    base: LlamaForCausalLM, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its first step the larger adapter answers as the smaller one does."""
    first = train_adapter(base, tokenizer, V1, training_rows(V1, 1), None, 1)
    ids = torch.arange(2, 30)[None]
    parent = {k.replace(".default", ""): v for k, v in lora(first).items()}
    with torch.no_grad():
        before = first(input_ids=ids).logits
        bare = first.unload()
        alone = bare(input_ids=ids).logits
    monkeypatch.setattr("harness.demo.adapters.optimise", lambda *_: None)
    second = train_adapter(bare, tokenizer, V2, training_rows(V2, 1), parent, 2)
    with torch.no_grad():
        after = second(input_ids=ids).logits
    torch.testing.assert_close(after, before)
    assert (after - alone).abs().max() > 1e-5


def test_micro_batches_do_not_change_the_gradient(base: LlamaForCausalLM) -> None:
    """Sorting by length and padding are only about speed."""
    rows = [Tokens(tuple(range(2, 2 + n)), n // 2, 0.5 if n % 2 else 1.0) for n in range(4, 12)]
    found = []
    for micro in (1, 8):
        base.zero_grad()
        loss = step_loss(base, rows, micro)
        found.append(
            (loss, torch.cat([w.grad.flatten() for w in base.parameters() if w.grad is not None]))
        )
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-3, atol=1e-6)


def test_the_rate_warms_up_holds_and_decays() -> None:
    """From almost nothing to the peak, and down to the floor."""
    from harness.demo.training import rate

    how = Optimiser(peak=1.0)
    assert rate(0.0, how) < 0.05
    assert rate(0.2, how) == 1.0
    assert rate(1.0, how) == pytest.approx(how.floor)


def test_saved_adapters_name_no_path(
    base: LlamaForCausalLM, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    """A directory that is handed on says nothing about the machine that made it."""
    from harness.demo.adapters import save_adapter

    base.save_pretrained(tmp_path / "base")
    tokenizer.save(str(tmp_path / "base" / "tokenizer.json"))
    save_adapter(tmp_path / "v1", tmp_path / "base", V1, training_rows(V1, 1), None, 1)
    assert str(tmp_path) not in (tmp_path / "v1" / "adapter_config.json").read_text("utf-8")
