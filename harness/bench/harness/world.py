"""A project of nothing but rows: a base of one weight, two adapters, one suite."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

SUITE = """\
suite: bench/echo
data: {path: rows.jsonl, id: id}
tasks:
  - name: say
    prompt: "{{ question }}"
    generate: {max_tokens: 16}
    target: "{{ answer }}"
    scorers: [exact_match]
checks:
  - {name: no-worse, task: say, metric: exact_match, margin: 0.03}
"""
ROWS = "suites/rows.jsonl"


def write(folder: Path, samples: int) -> None:
    """A project in a folder, with so many samples; the echo engine answers all of them right."""
    for inside in ("base", "suites"):
        (folder / inside).mkdir(parents=True)
    (folder / "pyproject.toml").write_text(
        '[tool.loragate]\nbase-model = "base"\nadapters = "adapters"\nengine = "echo"\n'
        'baseline = "base"\ncandidate = ["v1"]\n'
    )
    (folder / "suites/policy.yaml").write_text("alpha: 0.05\n")
    (folder / "suites/echo.yaml").write_text(SUITE)
    with (folder / ROWS).open("w") as file:
        for number in range(samples):
            row = {"id": f"r{number}", "question": f"Say {number}", "answer": f"Say {number}"}
            file.write(json.dumps(row) + "\n")
    _base(folder / "base")
    for number in (1, 2):
        _adapter(folder / f"adapters/v{number}", number)


def _base(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "llama"}')
    save_file(
        {"model.layers.0.q_proj.weight": np.ones((6, 8), np.float32)}, folder / "model.safetensors"
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({sign: at for at, sign in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.save(str(folder / "tokenizer.json"))


def _adapter(folder: Path, number: int) -> None:
    folder.mkdir(parents=True)
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    prefix = "base_model.model.model.layers.0.q_proj"
    save_file(
        {
            f"{prefix}.lora_A.weight": np.ones((2, 8), np.float32),
            f"{prefix}.lora_B.weight": np.full((6, 2), number, np.float32),
        },
        folder / "adapter_model.safetensors",
    )
