"""The contract with transformers' continuous batching: what ours may rely on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import PreTrainedModel
from transformers.generation.continuous_batching import continuous_api, input_outputs
from transformers.generation.continuous_batching.offloading_manager import OffloadingManager

from harness.adapters.weights import load_weights
from harness.engine import pins_continuous
from harness.engine.continuous import ContinuousExecutor
from harness.engine.hooks import ArmLayers
from harness.engine.load import load_base
from harness.engine.paging import Paging, plan_paging
from harness.engine.pins_continuous import Job, PagedBatch, unsupported
from harness.engine.protocol import GenerateRequest
from harness.engine.tokenize import Tokenizer
from tests.engine.conftest import World

PAGING = Paging(page=16, room=40, rows=8, step_tokens=64)
SYNCS = {"_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select"}
"""Operations that make the host wait for a device."""


def _nowhere(slots: Tensor, head: Tensor | None) -> None:
    """No arms."""


@pytest.fixture
def model(llama: World) -> PreTrainedModel:
    return load_base(llama.base, "float32")


@pytest.fixture
def armed(llama: World, model: PreTrainedModel) -> ArmLayers:
    """Two adapters in the model."""
    adapters = [llama.adapter(f"pins-{seed}", seed=seed) for seed in (1, 2)]
    return ArmLayers(model, [load_weights(adapter) for adapter in adapters])


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def _run(batch: PagedBatch, jobs: Sequence[Job], count: int) -> list[list[int]]:
    """The next ``count`` tokens of each job, all under way together."""
    tokens = {batch.add(job): list[int]() for job in jobs}
    going = set(tokens)
    while going:
        for name, token, _ in batch.step():
            tokens[name].append(token)
            if len(tokens[name]) == count:
                batch.drop(name)
                going.remove(name)
    return list(tokens.values())


def test_the_rows_of_a_pass_stand_at_one_address_among_the_copied_inputs(
    model: PreTrainedModel,
) -> None:
    """A captured graph reads them there, and one transfer brings all inputs to the device."""
    seen: list[tuple[int, list[int]]] = []

    def noted(slots: Tensor, head: Tensor | None) -> None:
        seen.append((slots.data_ptr(), slots.tolist()))

    with PagedBatch(model, PAGING, noted) as batch:
        _run(batch, [Job((3, 4, 5), 1, "a"), Job((6, 7), -1, "b")], 4)
        bulk = batch.processor.inputs_and_outputs._bulk_input_tensor
    assert len({address for address, _ in seen}) == 1
    assert [slots for _, slots in seen] == [[1, 1, 1, -1, -1], *[[1, -1]] * 3]
    inside = range(bulk.data_ptr(), bulk.data_ptr() + bulk.nbytes)
    assert seen[0][0] in inside


def test_tokens_that_pad_a_static_batch_are_nobodys(
    model: PreTrainedModel, armed: ArmLayers
) -> None:
    """As under captured graphs: fixed shapes, the same tokens."""
    prompts = World.prompts(4, seed=4, longest=20)
    jobs = [Job(prompt, place % 3 - 1, f"{place % 3}") for place, prompt in enumerate(prompts)]
    seen: list[list[int]] = []

    def noted(slots: Tensor, head: Tensor | None) -> None:
        seen.append(slots.tolist())
        armed.route(slots, head)

    with PagedBatch(model, PAGING, armed.route) as batch:
        expected = _run(batch, jobs, 5)
    with PagedBatch(model, PAGING, noted) as batch:
        batch.processor.model_runner.pad_inputs = True
        assert _run(batch, jobs, 5) == expected
    assert {len(slots) for slots in seen} == {64}
    assert all(set(slots[44:]) == {-1} for slots in seen[1:])


class _NoSync(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert func.overloadpacket.__name__ not in SYNCS, f"{func} waits for the device"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("sampling", [False, True])
def test_a_pass_never_waits_for_the_device(
    model: PreTrainedModel, armed: ArmLayers, sampling: bool
) -> None:
    """From its inputs to the tokens, arms and draws included: so it can be captured."""
    with PagedBatch(model, PAGING, armed.route, sampling) as batch:
        batch.add(Job((3, 4, 5), 1, "a", temperature=0.5 * sampling))
        batch.add(Job((3, 4, 6, 7), -1, "b"))
        runner = batch.processor.model_runner
        compute = runner.compute_batch

        def watched(*args: Any) -> None:
            with _NoSync():
                compute(*args)

        runner.compute_batch = watched
        for _ in range(3):
            assert len(batch.step()) == 2


def test_a_pass_repeated_reads_its_rows_again(model: PreTrainedModel, armed: ArmLayers) -> None:
    """A capture runs it twice, a replay with other content of the same buffer."""
    prompt = World.prompts(1, seed=4)[0] * 3
    with PagedBatch(model, PAGING, armed.route) as batch:
        expected = [_run(batch, [Job(prompt, slot, str(slot))], 1)[0][0] for slot in (-1, 0, 1)]
        assert len(set(expected)) > 1
        processor = batch.processor
        batch.add(Job(prompt, -1, "again"))
        assert processor.prepare_next_batch()
        inputs = processor.inputs_and_outputs
        arguments = inputs.get_model_kwargs()
        for slot, token in zip((-1, 0, 1, 0), (*expected, expected[1]), strict=True):
            inputs.arm_rows[0] = slot
            processor.model_runner.compute_batch(model, arguments)
            assert int(inputs.output_ids[0, 0]) == token


def test_memory_follows_the_plan_and_not_what_is_free(llama: World, model: PreTrainedModel) -> None:
    """64 requests of 32 tokens: cache, masks and indices together."""
    requests = [GenerateRequest(str(n), "-1", (2,) * 24, 8) for n in range(64)]
    paging = plan_paging(requests, 1024)
    with PagedBatch(model, paging, _nowhere) as batch:
        found = _memory(batch.processor.cache) + _memory(batch.processor.inputs_and_outputs)
        per_token = 2 * 3 * 2 * 8 * 4  # keys and values, layers, heads, head size, bytes
        tokens = paging.blocks * paging.page
        cache = (tokens + 2 * paging.page) * per_token
        mask = paging.step_tokens * (tokens + paging.step_tokens) * 4
        assert cache + mask <= found <= 1.1 * (cache + mask)
    assert tokens <= 1.3 * 1024


def _memory(owner: object) -> int:
    """Bytes of the storages of an object's tensors."""
    storages = {
        tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes()
        for value in vars(owner).values()
        for tensor in _listed(value)
        if isinstance(tensor, Tensor)
    }
    return sum(storages.values())


def _listed(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else [value]


def test_room_is_kept_for_all_that_is_under_way(
    llama: World, model: PreTrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So upstream never has to put a request back and start it anew."""

    def offload(_manager: OffloadingManager) -> bool:
        raise AssertionError("a request was put back")

    ways = {"offload_requests", "offload_one_request"} & vars(OffloadingManager).keys()
    monkeypatch.setattr(OffloadingManager, ways.pop(), offload)
    executor = ContinuousExecutor(model, Tokenizer(llama.base), int, _nowhere, 160)
    prompts = llama.prompts(20, seed=5)
    requests = [GenerateRequest(str(n), "-1", p, 40) for n, p in enumerate(prompts)]
    outputs = llama.by_key(executor.generate(requests))
    assert {outputs[str(n)].error for n in range(20)} == {None}


def test_blocks_are_shared_under_one_salt_and_a_new_digest_sees_new_weights(
    model: PreTrainedModel,
) -> None:
    """The control: under the old salt the old weights answer."""
    prompt = World.prompts(1, seed=6)[0] * 8
    weight = next(p for n, p in model.named_parameters() if n.endswith("v_proj.weight"))
    with PagedBatch(model, PAGING, _nowhere) as batch:
        before = _run(batch, [Job(prompt, -1, "old")], 6)
        weight += 0.5 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
        with PagedBatch(model, PAGING, _nowhere) as fresh:
            expected = _run(fresh, [Job(prompt, -1, "new")], 6)
        assert expected != before
        assert _run(batch, [Job(prompt, -1, "new")], 6) == expected
        assert _run(batch, [Job(prompt, -1, "old")], 6) != expected


def test_upstreams_classes_are_back_where_they_were(model: PreTrainedModel) -> None:
    """Replaced while a batch is built, and no longer."""
    places = [
        (continuous_api, "ContinuousBatchingIOs"),
        (input_outputs, "ContinuousBatchingIOs"),
        (continuous_api, "ModelRunner"),
        (continuous_api, "PagedAttentionCache"),
    ]
    before = [getattr(module, name) for module, name in places]
    with PagedBatch(model, PAGING, _nowhere) as batch:
        assert [getattr(module, name) for module, name in places] == before
        assert type(batch.processor.inputs_and_outputs) not in before


def test_a_name_is_given_once(model: PreTrainedModel) -> None:
    """Upstream would merge requests of one name, and cancel a new one with the old."""
    with PagedBatch(model, PAGING, _nowhere) as batch:
        first = batch.add(Job((3, 4), -1, "a"))
        batch.drop(first)
        second = batch.add(Job((3, 4), -1, "a"))
        assert [name for name, _, _ in batch.step()] == [second]


def test_a_request_that_does_not_fit_raises(model: PreTrainedModel) -> None:
    tiny = Paging(page=16, room=1, rows=1, step_tokens=64)
    with PagedBatch(model, tiny, _nowhere) as batch:
        batch.add(Job((3,) * 100, -1, "a"))
        with pytest.raises(RuntimeError, match="No requests can be scheduled"):
            batch.step()


def test_a_pass_without_any_request_raises(
    model: PreTrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Upstream's own loop would wait for ever."""
    with PagedBatch(model, PAGING, _nowhere) as batch:
        batch.add(Job((3, 4), -1, "a"))
        scheduler = batch.processor.scheduler
        monkeypatch.setattr(scheduler, "schedule_batch", lambda *_: ([], False, 0, 0))
        with pytest.raises(RuntimeError, match="schedules none"):
            batch.step()


def _config(**settings: Any) -> Any:
    text = SimpleNamespace(layer_types=["full_attention"], **settings)
    return SimpleNamespace(_attn_implementation="sdpa", get_text_config=lambda: text)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"_is_stateful": True}, "keeps a state"),
        ({"attention": "flex_attention"}, "no attention of the kind 'flex_attention'"),
        ({"layers": ["full_attention", "linear_attention"]}, "cannot page linear_attention"),
    ],
)
def test_models_that_cannot_be_paged_are_told(change: dict[str, Any], reason: str | None) -> None:
    model: Any = SimpleNamespace(config=_config(num_hidden_layers=1))
    model._is_stateful = change.get("_is_stateful", False)
    model.config._attn_implementation = change.get("attention", "sdpa")
    model.config.get_text_config().layer_types = change.get("layers", ["full_attention"])
    found = unsupported(model)
    assert found is None if reason is None else reason in str(found)


def test_windows_of_old_versions_are_refused(
    worlds: Callable[[str], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 5.16.1 upstream's own answers are wrong there."""
    model = load_base(worlds("mistral").base, "float32")
    monkeypatch.setattr(pins_continuous, "_VERSION", (5, 16, 1))
    assert unsupported(model) is None
    monkeypatch.setattr(pins_continuous, "_VERSION", (5, 15, 1))
    assert "windows" in str(unsupported(model))
