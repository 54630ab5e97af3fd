"""A little project: base models, adapters and release files written by hand, without torch."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from harness.adapters.digest import DigestCache, adapter_digest, base_digest
from harness.adapters.manifest import write_manifest
from harness.pipeline.arms import identify
from harness.pipeline.settings import resolve
from harness.suite.policy import Policy
from harness.types import Case, Generation, Kind

K, N = 4, 3


class Letters:
    """One token a character; another base model may count from elsewhere."""

    def __init__(self, first=0):
        self.first = first

    def encode(self, text):
        return tuple(self.first + ord(sign) for sign in text)

    def encode_choice(self, prompt, choice):
        return self.encode(f" {choice}")


class Project:
    """Writes below one folder: models in it, adapters in its ``adapters``."""

    def __init__(self, root):
        self.root = root
        self.digests = DigestCache(root / "digests.json")
        self.base("base", 0)

    def base(self, name, seed):
        path = self.root / name
        path.mkdir()
        (path / "config.json").write_text('{"model_type": "llama"}')
        weight = np.random.default_rng(seed).standard_normal((N, K)).astype(np.float32)
        save_file({"model.layers.0.q_proj.weight": weight}, path / "model.safetensors")
        return path

    def adapter(self, name, seed=None, folder="adapters", **config):
        path = self.root / folder / name
        path.mkdir(parents=True)
        rng = np.random.default_rng(sum(map(ord, name)) if seed is None else seed)
        prefix = "base_model.model.model.layers.0.q_proj"
        tensors = {f"{prefix}.lora_A.weight": (2, K), f"{prefix}.lora_B.weight": (N, 2)}
        save_file(
            {key: rng.standard_normal(shape).astype(np.float32) for key, shape in tensors.items()},
            path / "adapter_model.safetensors",
        )
        settings = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}
        (path / "adapter_config.json").write_text(json.dumps(settings | config))
        return path

    def seal(self, path, rows, parent=None):
        """Write down what an adapter was trained on."""
        write_manifest(
            path, name=path.name, base=base_digest(self.root / "base"),
            parent=None if parent is None else adapter_digest(parent),
            seed=0, recipe={}, row_digests=rows,
        )  # fmt: skip
        return path

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def settings(self, *candidates, baseline="base", **options):
        return resolve(
            self.root,
            {"base-model": "base", "adapters": "adapters", "baseline": baseline,
             "candidate": list(candidates), **options},
            self.root,
        )  # fmt: skip

    def arms(self, *candidates, baseline="base", seen=(), **policy):
        settings = self.settings(*candidates, baseline=baseline)
        return identify(settings, self.digests, Policy(**policy), self.root, seen)


@pytest.fixture
def project(tmp_path):
    """A project with adapters v1, v2 and v3."""
    made = Project(tmp_path)
    for name in ("v1", "v2", "v3"):
        made.adapter(name)
    return made


@pytest.fixture
def ask():
    """Makes cases: what is asked, in which suite."""

    def case(number, suite="s", prompt=None, choices=(), kind=Kind.CHECK, row=None):
        return Case(
            digest=f"{suite}-{number}", suite=suite, task="t", sample=str(number), kind=kind,
            prompt=prompt or f"prompt {number}", choices=choices,
            generation=None if choices else Generation(5, ("\n",)), target="x",
            cluster=str(number), slices={}, fields={}, input_digest=row or f"input-{number}",
        )  # fmt: skip

    return case


@pytest.fixture
def letters():
    """The class of a tokenizer of letters."""
    return Letters
