"""A little project to gate: base, adapters, suites and data, run by a fake engine."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
# pytester forgets what an inner run imports, and C extensions cannot be imported twice.
for _name in ("duckdb", "jinja2", "pyarrow", "rapidfuzz.process", "harness.pytest_plugin.session"):
    importlib.import_module(_name)
fake_engine = importlib.import_module("fake_engine")

K, N = 8, 6
SUITE = """
suite: shop/colours
data: {path: items.jsonl, id: id, cluster: shelf, slices: [size]}
tasks:
  - name: choose
    prompt: "Item {{ n }} of size {{ size }}. Colour:"
    choices: [red, green, blue]
    target: "{{ colour }}"
    scorers: [accuracy]
  - name: say
    prompt: "Item {{ n }}! Colour:"
    generate: {max_tokens: 3, stop: ["\\n"]}
    target: "{{ colour }}"
    scorers: [exact_match]
cases:
  - id: seven
    task: say
    input: {n: 7}
    expect: [{contains: green}]
    reason: seven is green
rubrics:
  - name: brief
    task: say
    criteria: {brief: {scale: {1: rambles, 5: one word}}}
    by: assertions
    assertions: [{max_words: 1}]
    min: 0.9
checks:
  - {name: no-worse, task: choose, metric: accuracy, against: baseline, margin: 0.05}
  - {name: exact-no-worse, task: say, metric: exact_match, against: base, margin: 0.05}
  - {name: better, task: choose, metric: accuracy, claim: better, required: false}
  - {name: floor, task: choose, metric: accuracy, min: 0.5}
"""


class Project:
    """Writes the files of a project below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.suite(SUITE)
        self.items(300)
        self.base()
        self.adapter("v1", 0.7)
        self.adapter("v2", 0.8)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def suite(self, text: str, name: str = "suites/colours.yaml") -> Path:
        self.write("suites/policy.yaml", "alpha: 0.05\nrequired_suites: ['shop/*']\n")
        return self.write(name, text)

    def items(self, count: int, name: str = "suites/items.jsonl") -> None:
        colours = ("red", "green", "blue")
        rows = (
            {"id": f"i{n}", "n": n, "shelf": f"s{n // 2}", "size": "SML"[n % 3],
             "colour": colours[n % 3]}
            for n in range(count)
        )  # fmt: skip
        self.write(name, "".join(json.dumps(row) + "\n" for row in rows))

    def skill_for(self, number: int) -> float:
        """The least skill that answers a question right."""
        return fake_engine.luck("case", number)

    def base(self, name: str = "base", seed: int = 0) -> Path:
        folder = self.write(f"{name}/config.json", '{"model_type": "llama"}').parent
        rng = np.random.default_rng(seed)
        weight = rng.standard_normal((N, K)).astype(np.float32)
        save_file({"model.layers.0.q_proj.weight": weight}, folder / "model.safetensors")
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.save(str(folder / "tokenizer.json"))
        return folder

    def adapter(self, name: str, skill: float, **config) -> Path:
        settings = {
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 2, "lora_alpha": 4,
            "target_modules": ["q_proj"], "bias": "none",
        } | config  # fmt: skip
        text = json.dumps(settings)
        folder = self.write(f"adapters/{name}/adapter_config.json", text).parent
        prefix = "base_model.model.model.layers.0.q_proj"
        save_file(
            {
                f"{prefix}.lora_A.weight": np.ones((2, K), np.float32),
                f"{prefix}.lora_B.weight": np.full((N, 2), skill, np.float32),
            },
            folder / "adapter_model.safetensors",
        )
        return folder


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    """A project in the current folder, on which v2 is better than v1 is better than base."""
    pytester.makeconftest(
        "from harness.registry import ENGINES\n"
        "if 'fake' not in ENGINES:\n"
        "    ENGINES.register('fake', 'fake_engine:FakeEngine')\n"
    )
    pytester.makepyprojecttoml(
        "[tool.loragate]\n"
        'base-model = "base"\nadapters = "adapters"\nbaseline = "v1"\ncandidate = ["v2"]\n'
        'engine = "fake"\n'
    )
    return Project(pytester.path)


@pytest.fixture
def gate(pytester: pytest.Pytester, project: Project):
    """Run the gate in this process; returns pytester's result."""

    def run(*arguments: str, suites: str = "suites"):
        # Hypothesis would be imported anew by every inner run, for seconds.
        return pytester.runpytest_inprocess(suites, "-p", "no:hypothesispytest", *arguments)

    return run


@pytest.fixture
def on_start(monkeypatch):
    """Add what shall happen when an engine starts."""
    monkeypatch.setattr(fake_engine, "ON_START", [])
    return fake_engine.ON_START.append


@pytest.fixture
def report(project: Project):
    """The report.json of the last run."""
    return lambda: json.loads((project.root / "build/report.json").read_text("utf-8"))


@pytest.fixture
def calls():
    """Requests given to each fake engine of this test, in order."""
    fake_engine.CALLS.clear()
    return fake_engine.CALLS
