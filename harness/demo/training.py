"""The optimisation loop that the base and the adapters share."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM
from transformers.utils import logging

from harness.demo.muon import Muon
from harness.demo.recipe import Optimiser


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids, where the loss begins, and how much it weighs."""

    ids: tuple[int, ...]
    loss_from: int
    weight: float = 1.0


def step_loss(model: LlamaForCausalLM, batch: Sequence[Tokens], micro: int) -> float:
    """Backward through one batch, in micro-batches of like length; returns its mean loss.

    The loss is the weighted mean of −log p over the tokens from ``loss_from`` on.
    """
    ordered = sorted(batch, key=lambda one: len(one.ids))
    total = sum(one.weight * (len(one.ids) - one.loss_from) for one in ordered)
    summed = 0.0
    for start in range(0, len(ordered), micro):
        loss = _loss(model, ordered[start : start + micro]) / total
        torch.autograd.backward(loss)
        summed += float(loss.detach())
    return summed


def _loss(model: LlamaForCausalLM, rows: Sequence[Tokens]) -> Tensor:
    """Weighted −log p, summed, of rows padded on the right (the causal mask needs no more)."""
    longest = max(len(row.ids) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    weight = torch.zeros(len(rows), longest)
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = torch.tensor(row.ids)
        weight[index, row.loss_from : len(row.ids)] = row.weight
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    kept = weight[:, 1:] > 0
    # Logits only where there is a loss: the vocabulary costs as much as a layer.
    logits = model.lm_head(hidden[kept])
    losses = nn.functional.cross_entropy(logits, ids[:, 1:][kept], reduction="none")
    return (losses * weight[:, 1:][kept]).sum()


def optimise(
    model: LlamaForCausalLM,
    batches: Iterable[Sequence[Tokens]],
    steps: int,
    how: Optimiser,
    micro: int,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Train whatever requires a gradient, in place, for ``steps`` batches."""
    inner = _inner_matrices(model) if how.matrix_peak else []
    weights = [one for one in model.parameters() if one.requires_grad]
    muon = Muon(inner)
    taken = {id(one) for one in inner}
    adam = torch.optim.AdamW(
        [one for one in weights if id(one) not in taken],
        lr=how.peak, betas=how.betas, weight_decay=how.weight_decay, fused=True,
    )  # fmt: skip
    for step, batch in enumerate(batches):
        share = rate(step / steps, how)
        adam.param_groups[0]["lr"] = how.peak * share
        muon.rate = how.matrix_peak * share
        step_loss(model, batch, micro)
        nn.utils.clip_grad_norm_(weights, how.clip)
        adam.step()
        muon.step()
        model.zero_grad(set_to_none=True)
        if progress is not None:
            progress((step + 1) / steps)


def _inner_matrices(model: nn.Module) -> list[Tensor]:
    """What Muon is for: the matrices between embedding and head."""
    return [
        weight
        for name, weight in model.named_parameters()
        if weight.ndim == 2 and "embed" not in name and "lm_head" not in name
    ]


def rate(done: float, how: Optimiser) -> float:
    """The share of the peak rate after the share ``done`` of the steps."""
    if done < how.warmup:
        return (done + 1e-3) / (how.warmup + 1e-3)
    if done < how.hold:
        return 1.0
    return how.floor + (1 - how.floor) * (1 - done) / (1 - how.hold)


@contextmanager
def one_thread() -> Iterator[None]:
    """A fixed thread count, so that a seed gives the same weights on any number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def quiet() -> Iterator[None]:
    """Without the progress bars of transformers, and without one warning that is not ours."""
    # transformers leaves these two without annotations.
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            # peft 0.21 asks transformers 5.23 for a name that goes in transformers 6.
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
            yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
