"""Which modules an adapter changes, with which rank and scaling: peft's rules, time-limited.

The rules are those of peft 0.21 (``check_target_module_exists``, ``get_pattern_key``), run
through the ``regex`` package with one time budget per adapter instead of ``re``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

import regex

from harness.adapters.config import AdapterConfig
from harness.errors import AdapterError

BUDGET_SECONDS = 5.0
_LAYER = r".*?\.[^.]*\.(?P<idx>\d+)\."


class Targets:
    """Answers for one adapter; AdapterError once its patterns have used up their time."""

    def __init__(self, config: AdapterConfig, budget: float = BUDGET_SECONDS) -> None:
        self._config = config
        self._left = budget

    def matches(self, module: str) -> bool:
        """Whether peft would put LoRA on ``module`` (any module, for ``all-linear``)."""
        config = self._config
        if config.exclude_modules and self._listed(config.exclude_modules, module):
            return False
        if config.all_linear:
            return True
        if config.target_modules is None or not self._listed(config.target_modules, module):
            return False
        if isinstance(config.target_modules, str) or module in config.target_modules:
            return True
        return not config.layers_to_transform or self._layer(module) in config.layers_to_transform

    def rank(self, module: str) -> int:
        """The rank peft gives to ``module``."""
        config = self._config
        return config.rank_pattern.get(self._key(config.rank_pattern, module), config.r)

    def alpha(self, module: str) -> float:
        """The alpha peft gives to ``module``."""
        config = self._config
        return config.alpha_pattern.get(self._key(config.alpha_pattern, module), config.lora_alpha)

    def scaling(self, module: str) -> float:
        """The factor on B·A: alpha/r, or alpha/√r with rank-stabilised LoRA."""
        rank = self.rank(module)
        return self.alpha(module) / (math.sqrt(rank) if self._config.use_rslora else rank)

    def _listed(self, targets: tuple[str, ...] | str, module: str) -> bool:
        if isinstance(targets, str):
            return self._run(regex.compile(targets).fullmatch, module) is not None
        return module in targets or module.endswith(tuple(f".{name}" for name in targets))

    def _layer(self, module: str) -> int | None:
        named = [rf"(?:^|.*?\.){p}\.(?P<idx>\d+)\." for p in self._config.layers_pattern or ()]
        for pattern in named or [_LAYER]:
            found = self._run(regex.compile(pattern).match, module)
            if found is not None:
                return int(found["idx"])
        return None

    def _key(self, patterns: Iterable[str], module: str) -> str:
        for pattern in patterns:
            if self._run(regex.compile(rf"(.*\.)?({pattern})$").match, module):
                return pattern
        return module

    def _run(
        self, match: Callable[..., regex.Match[str] | None], module: str
    ) -> regex.Match[str] | None:
        start = time.monotonic()
        try:
            return match(module, timeout=max(self._left, 1e-3))
        except TimeoutError:
            raise AdapterError(
                f"a pattern of the adapter took over {BUDGET_SECONDS:g} s to match {module!r}"
            ) from None
        finally:
            self._left -= time.monotonic() - start
