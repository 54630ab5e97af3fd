"""What depends on the internals of transformers' continuous batching, all of it: 5.10 to 5.x.

``tests/engine/test_pins_continuous.py`` is the contract test: if it fails on a new version, this
file is where the change belongs.

Upstream schedules, pages and runs the passes; three of its classes are replaced while it builds
its processor. The inputs get rows for the arm, seed and temperature of every token, at a fixed
address and copied with the rest; the runner tells the layers whose the tokens are, from within
the pass, so that a captured graph may replay it; the cache shares no block between arms.
Its background thread is not used: passes are run one by one, so whatever one raises is raised.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from itertools import count
from threading import Lock
from types import TracebackType
from typing import Any, ClassVar, NamedTuple, Self, cast

import torch
import transformers
from torch import Tensor
from transformers import GenerationConfig, PreTrainedModel
from transformers.generation.configuration_utils import ContinuousBatchingConfig
from transformers.generation.continuous_batching import continuous_api, input_outputs
from transformers.generation.continuous_batching.cache import (
    PagedAttentionCache,
    group_layers_by_attn_type,
)
from transformers.generation.continuous_batching.input_outputs import ContinuousBatchingIOs
from transformers.generation.continuous_batching.model_runner import ModelRunner

from harness.engine.paging import MARGIN, Paging
from harness.engine.sampling import next_tokens
from harness.kernels.multi_lora import BASE

Route = Callable[[Tensor, Tensor | None], None]
"""Tells the layers the slot of each token [T] int32, and of the rows that the head sees."""

ROWS = 3
"""Slot, seed and temperature."""
_MARKERS = ("mark_complete_blocks", "mark_shareable_blocks_as_complete")
"""What registers the hashes of full blocks, by version."""
_SLICED = "logits_indices" not in inspect.signature(ModelRunner._sample).parameters
"""Whether the runner hands over the logits of the last tokens alone."""
_PAGED = {"full_attention", "sliding_attention"}
_VERSION = tuple(map(int, re.findall(r"\d+", transformers.__version__)[:3]))
_WINDOWS = (5, 16, 1)
"""Before it (5.10.2 to 5.15.1 tried) sliding windows are wrong, without arms too."""
_building = Lock()


@dataclass(frozen=True, slots=True)
class Job:
    """What a request is to the batch."""

    prompt: Sequence[int]
    slot: int
    salt: str
    """Requests of equal salt may share cached blocks: the digest of the arm and its weights."""
    temperature: float = 0.0
    seed: int = 0


class News(NamedTuple):
    """A new token of a request."""

    name: str
    token: int
    peak: float
    """The largest logit; not finite where one of them is NaN."""


@dataclass(slots=True)
class _Shared:
    """What the replaced classes know of their batch."""

    route: Route
    sampling: bool
    jobs: dict[str, Job] = field(default_factory=dict)
    news: list[News] = field(default_factory=list)


def has_flash(model: PreTrainedModel) -> bool:
    """Whether attention needs no mask of all tokens against all."""
    return "flash" in str(model.config._attn_implementation)


def unsupported(model: PreTrainedModel) -> str | None:
    """Why continuous batching cannot run a model, if it cannot."""
    attention = model.config._attn_implementation
    if attention not in {"sdpa", "eager"} and not has_flash(model):
        return f"continuous batching has no attention of the kind {attention!r}"
    if getattr(model, "_is_stateful", False):
        return f"{type(model).__name__} keeps a state that continuous batching cannot page"
    layers = getattr(model.config.get_text_config(), "layer_types", None) or ()
    if foreign := set(layers) - _PAGED:
        return f"continuous batching cannot page {', '.join(sorted(foreign))}"
    if "sliding_attention" in _groups(model)[1] and _VERSION < _WINDOWS:
        return f"continuous batching of transformers {transformers.__version__} forgets windows"
    return None


def _groups(model: PreTrainedModel) -> tuple[int, set[str]]:
    """How many groups of layers the cache has, and of which kinds of attention."""
    found: Any = group_layers_by_attn_type(model.config.get_text_config())
    if isinstance(found, tuple):  # to 5.17: equal groups, each with blocks of its own
        return len(found[0]), set(found[1])
    return 1, set(found)


class PagedBatch:
    """Requests of any arms under way in one paged cache. A context manager: leaves no trace.

    ``sampling`` says whether any request will have a temperature.
    """

    def __init__(
        self, model: PreTrainedModel, paging: Paging, route: Route, sampling: bool = False
    ) -> None:
        """Allocate the cache; MemoryError where it does not fit."""
        self._model = model
        self._attention = model.config._attn_implementation
        self._shared = _Shared(route, sampling)
        self._names = count()
        try:
            self._manager = continuous_api.ContinuousBatchingManager(
                cast("Any", model),
                GenerationConfig(do_sample=False),  # type: ignore[no-untyped-call]  # untyped there
                _config(model, paging),
            )
            devices = [model.device] if model.device.type == "cuda" else []
            # Upstream seeds the process's generators.
            with _building, _replaced(self._shared), torch.random.fork_rng(devices=devices):
                self._processor = self._manager._create_batch_processor()
        except BaseException:
            self._restore()
            raise

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the model its attention back; the cache goes with this object."""
        self._restore()

    def _restore(self) -> None:
        if self._model.config._attn_implementation != self._attention:
            self._model.set_attn_implementation(self._attention)

    def add(self, job: Job) -> str:
        """Let a request in; the name that its news will have, never given twice."""
        name = str(next(self._names))
        self._shared.jobs[name] = job
        self._manager.add_request(list(job.prompt), request_id=name)
        return name

    def drop(self, name: str) -> None:
        """End a request; its blocks are free from the next step on."""
        del self._shared.jobs[name]
        self._manager.cancel_request(name)

    def step(self) -> list[News]:
        """One pass; the new tokens. RuntimeError where nothing could be run."""
        self._shared.news.clear()
        if self._processor.prepare_next_batch():
            self._processor._generation_step(self._model)
            self._processor.update_batch()
        elif self._shared.jobs:
            raise RuntimeError("continuous batching schedules none of the requests under way")
        return [news for news in self._shared.news if news.name in self._shared.jobs]

    @property
    def processor(self) -> continuous_api.ContinuousBatchProcessor:
        """Upstream's, for whoever wants to look at its buffers."""
        return self._processor


def _config(model: PreTrainedModel, paging: Paging) -> ContinuousBatchingConfig:
    """Everything that matters said, as far as this version knows it."""
    known = {each.name for each in fields(ContinuousBatchingConfig)}
    groups, _ = _groups(model)
    page = "page_size" if "page_size" in known else "block_size"
    wanted: dict[str, Any] = {
        page: paging.page,
        "num_blocks": paging.blocks * groups,
        "max_batch_tokens": paging.step_tokens,
        "max_requests_per_batch": paging.rows,
        "max_memory_percent": 0.9,
        "allow_block_sharing": any(hasattr(PagedAttentionCache, name) for name in _MARKERS),
        "use_async_batching": False,
        "scheduler_type": "fifo",
        "safety_margin": MARGIN,
        "return_logprobs": True,
        "seed": 0,
        "auto_switch_to_flash": False,
        "cpu_offload_space": 0.0,
    }
    return ContinuousBatchingConfig(**{key: wanted[key] for key in wanted.keys() & known})


@contextmanager
def _replaced(shared: _Shared) -> Iterator[None]:
    """Upstream's classes by ours, which know the batch that they belong to."""
    places = [
        (continuous_api, "ContinuousBatchingIOs", _Inputs),
        (input_outputs, "ContinuousBatchingIOs", _Inputs),
        (continuous_api, "ModelRunner", _Runner),
        (continuous_api, "PagedAttentionCache", _Cache),
    ]
    before = [getattr(module, name) for module, name, _ in places]
    try:
        for module, name, ours in places:
            setattr(module, name, type(ours.__name__, (ours,), {"shared": shared}))
        yield
    finally:
        for (module, name, _), theirs in zip(places, before, strict=True):
            setattr(module, name, theirs)


class _Inputs(ContinuousBatchingIOs):
    """The inputs of a pass, and whose each token is."""

    static_inputs = ContinuousBatchingIOs.static_inputs + ROWS
    shared: ClassVar[_Shared]

    def _setup_static_tensors(self, *args: Any, **kwargs: Any) -> None:
        super()._setup_static_tensors(*args, **kwargs)
        first = ContinuousBatchingIOs.static_inputs
        self.arm_rows = self._bulk_input_tensor[first : first + ROWS]

    def prepare_batch_tensors(
        self, requests_in_batch: list[Any], *args: Any, **kwargs: Any
    ) -> None:
        """Fill the rows of all tokens; those that only pad belong to the base."""
        super().prepare_batch_tensors(requests_in_batch, *args, **kwargs)
        known = self.shared.jobs
        jobs = [known.get(future.state.request_id, _NOBODY) for future in requests_in_batch]
        lengths = torch.tensor([future.query_length for future in requests_in_batch])
        slots = torch.tensor([job.slot for job in jobs], dtype=torch.int32)
        seeds = torch.tensor([job.seed & 0xFFFFFFFF for job in jobs]).to(torch.int32)
        temperatures = torch.tensor([job.temperature for job in jobs], dtype=torch.float32)
        columns = torch.stack([slots, seeds, temperatures.view(torch.int32)])
        columns = columns.repeat_interleave(lengths, dim=1)
        used = columns.shape[1]
        self.arm_rows[:, :used] = columns
        self.arm_rows[0, used:] = BASE
        self.arm_rows[1:, used:] = 0

    def get_model_kwargs(self, *args: Any, **kwargs: Any) -> Any:
        """The arguments of the pass, and the rows [3, T] under ``arm_rows``."""
        found: Any = super().get_model_kwargs(*args, **kwargs)
        found["arm_rows"] = self.arm_rows[:, : found["input_ids"].shape[1]]
        return found

    def prepare_batch_update(self) -> Any:
        """What upstream reads back, noted down."""
        futures, tokens, peaks = super().prepare_batch_update()
        names = [future.state.request_id for future in futures if future.has_new_token]
        self.shared.news += [News(*each) for each in zip(names, tokens, peaks or (), strict=False)]
        return futures, tokens, peaks


class _Runner(ModelRunner):
    """A pass with arms."""

    shared: ClassVar[_Shared]

    def _forward_process_and_sample(
        self, model: Any, batch_data: dict[str, Any], *rest: Any
    ) -> None:
        data = dict(batch_data)  # a capture runs this twice on the same arguments
        rows = data.pop("arm_rows")
        kept = data.get("logits_to_keep")
        self.shared.route(rows[0], None if kept is None else rows[0][kept])
        ends = data["logits_indices"]
        self._drawing = ends, rows[1:, ends], data["position_ids"][0, ends] + 1
        super()._forward_process_and_sample(model, data, *rest)

    def _sample(self, scores: Tensor, *rest: Tensor) -> None:
        """Scores [1, rows, V] to the tokens, and where upstream has their log-probabilities, to
        the largest logits.
        """
        ends, (seeds, temperatures), positions = self._drawing
        logits = scores[0] if _SLICED else scores[0, ends]
        if self.shared.sampling:
            tokens = next_tokens(logits, seeds, positions, temperatures.view(torch.float32))
        else:
            tokens = logits.argmax(-1)
        output = rest[-1]
        output[0, : len(tokens)].copy_(tokens)
        output[1, : len(tokens)].copy_(logits.amax(-1).view(torch.int32))


class _Cache(PagedAttentionCache):
    """A paged cache that hashes the first token of a prompt together with the salt of its arm.

    Each block's hash includes that of the block before it, so the whole chain is salted.
    """

    shared: ClassVar[_Shared]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._firsts: dict[tuple[str, int], int] = {}

    def search_prefix_match(self, request_id: str, prompt_ids: list[int]) -> int:
        """How many tokens of a prompt are there already, of the same arm."""
        found: int = super().search_prefix_match(request_id, self._of(request_id, prompt_ids))
        return found

    def mark_complete_blocks(self, state: Any, complete_blocks: Any) -> None:
        """Make full blocks known, as 5.23 calls it."""
        with self._named(state):
            super().mark_complete_blocks(state, complete_blocks)

    def mark_shareable_blocks_as_complete(self, state: Any, num_complete_blocks: int) -> None:
        """Make full blocks known, as 5.10 to 5.17 call it."""
        with self._named(state):
            parent: Any = super()
            parent.mark_shareable_blocks_as_complete(state, num_complete_blocks)

    @contextmanager
    def _named(self, state: Any) -> Iterator[None]:
        plain = state.initial_tokens
        state.initial_tokens = self._of(state.request_id, plain)
        try:
            yield
        finally:
            state.initial_tokens = plain

    def _of(self, name: str, tokens: list[int]) -> list[int]:
        """The tokens, a number of (salt, first token) instead of the first; none is a token."""
        job = self.shared.jobs.get(name)
        if job is None or not tokens:
            return tokens
        first = self._firsts.setdefault((job.salt, tokens[0]), -2 - len(self._firsts))
        return [first, *tokens[1:]]


_NOBODY = Job((), BASE, "")
