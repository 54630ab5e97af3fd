"""Model directories made with transformers and adapters made with peft, gated as they are."""

import json
import random
import shutil
import signal

import pytest
from crashing import Gates, run_id

from harness.store.journal import FOOTER

pytestmark = pytest.mark.torch

SUITE = """
suite: words/animals
data: {path: rows.jsonl}
tasks:
  - name: choose
    prompt: "The {{ animal }} is a"
    choices: [mammal, bird, fish]
    target: "{{ kind }}"
    scorers: [accuracy]
  - name: say
    prompt: "A {{ animal }} says:"
    generate: {max_tokens: 4}
    target: "{{ kind }}"
    scorers: [exact_match]
checks:
  - {name: no-worse, task: choose, metric: accuracy, against: baseline, margin: 0.05}
  - {name: said-no-worse, task: say, metric: exact_match, against: base, margin: 0.05}
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Bases and adapters, each saved by the library it comes from.

    A base, two plain adapters and a DoRA one; another base, with other sizes and tokens, and an
    adapter of that.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM
    from transformers import PreTrainedTokenizerFast as Fast

    root = tmp_path_factory.mktemp("models")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate([*alphabet, "<end>"])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    for name in ("base", "other"):
        Fast(tokenizer_object=tokenizer, eos_token="<end>").save_pretrained(root / name)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = LlamaConfig(vocab_size=257, eos_token_id=256, bos_token_id=None, **sizes, **heads)
        LlamaForCausalLM(config).save_pretrained(root / "base")
        wider = LlamaConfig(vocab_size=257, eos_token_id=256, bos_token_id=None,
                            **(sizes | {"hidden_size": 48}), **heads)  # fmt: skip
        LlamaForCausalLM(wider).save_pretrained(root / "other")
        for name, base, extra in (
            ("v1", "base", {}),
            ("v2", "base", {"rank_pattern": {"q_proj": 2}}),
            ("dora", "base", {"use_dora": True}),
            ("w1", "other", {}),
        ):
            model = AutoModelForCausalLM.from_pretrained(root / base)
            lora = LoraConfig(r=4, target_modules=["q_proj", "down_proj"], **extra)
            adapted = get_peft_model(model, lora)
            for key, value in adapted.named_parameters():
                if "lora_B" in key:
                    torch.nn.init.normal_(value, std=0.2)
            adapted.save_pretrained(root / name)
    return root


def write_suite(folder, rows=60):
    """The suite and its data."""
    kinds = ("mammal", "bird", "fish")
    data = [{"id": f"r{i}", "animal": f"beast {i}", "kind": kinds[i % 3]} for i in range(rows)]
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    lines = "".join(json.dumps(row) + "\n" for row in data)
    (folder / "rows.jsonl").write_text(lines, encoding="utf-8")


@pytest.fixture
def gated(pytester, models):
    """Gate candidates of the model folder; the report of it."""
    write_suite(pytester.path)

    def run(*candidates):
        named = [name if "=" in name else models / name for name in candidates]
        options = [f"--candidate={each}" for each in named]
        result = pytester.runpytest_inprocess(
            "suite.yaml", "-p", "no:hypothesispytest",
            f"--base-model={models / 'base'}", f"--baseline={models / 'v1'}", *options,
        )  # fmt: skip
        return result, json.loads((pytester.path / "build/report.json").read_text("utf-8"))

    return run


def test_plain_adapters_share_the_batch_and_are_measured(gated):
    result, report = gated("v2")
    (candidate,) = report["candidates"]
    assert len(candidate["checks"]) == 2
    assert "NOT_MEASURED" not in {check["verdict"] for check in candidate["checks"]}
    assert (result.ret == 0) == (report["verdict"] == "PROMOTE")


def test_an_adapter_beyond_the_batch_runs_through_peft_and_is_labelled(gated):
    result, report = gated("v1", "dora")
    same, dora = sorted(report["candidates"], key=lambda c: c["name"], reverse=True)
    assert all(check["wins"] == check["losses"] == 0 for check in same["checks"][:1])
    assert "NOT_MEASURED" not in {check["verdict"] for check in dora["checks"]}
    page = result.outlines
    assert any("report:" in line for line in page)


def test_a_change_of_base_runs_both_models_and_pairs_their_answers(gated, pytester, models):
    """One pass per base; hidden sizes differ, so nothing of one can have run in the other."""
    (pytester.path / "policy.yaml").write_text("allow_base_change: true\n", encoding="utf-8")
    release = f"base: {models / 'other'}\n'words/*': {models / 'w1'}\n"
    (pytester.path / "next.yaml").write_text(release, encoding="utf-8")
    _, report = gated(f"next={pytester.path / 'next.yaml'}")
    (candidate,) = report["candidates"]
    assert {check["verdict"] for check in candidate["checks"]} <= {
        "PASS", "INCONCLUSIVE", "REGRESSED",
    }  # fmt: skip
    assert all(check["n"] == 60 for check in candidate["checks"])
    assert all(effect["proven"] for effect in candidate["effect"])
    assert len({arm["base"] for arm in report["arms"]}) == 2


def told(report):
    """A report without what its answers cost, which is measured anew."""
    return {key: value for key, value in report.items() if key != "costs"}


@pytest.fixture
def gates(models, tmp_path_factory):
    """Gates of two adapters, each in a process that can be killed."""
    template, folder = (tmp_path_factory.mktemp("gates") / name for name in ("new", "gated"))
    shutil.copytree(models, template)
    (template / "suites").mkdir()
    write_suite(template / "suites", rows=150)
    (template / "pyproject.toml").write_text(
        '[tool.loragate]\nbase-model = "base"\nbaseline = "v1"\ncandidate = ["v2"]\n'
        'adapters = "."\n',
        encoding="utf-8",
    )
    found = Gates(template, folder)
    yield found
    found.close()


def test_a_killed_gate_of_a_real_model_goes_on_where_it_was(gates, pytestconfig):
    """What had been computed is not computed again, and the rest has the bits it would have had."""
    gates.anew()
    gates.run(2)
    undisturbed, outputs = told(gates.report()), gates.computed()
    took = json.loads((gates.folder / "took").read_text("utf-8"))["scoring"]
    seed, moments, halfway = random.Random(5), pytestconfig.getoption("--torch-crashes"), 0
    for _ in range(moments):
        gates.anew()
        (status,) = gates.run(1, phase="scoring", after=0.6 * seed.random() * took)
        assert status == -signal.SIGKILL, gates.said(1)
        if FOOTER in gates.kinds(1):
            continue  # decided: the machine was quicker this time
        acknowledged = gates.noted("acknowledged")
        halfway += 0 < len(acknowledged) < outputs[0]
        gates.run(2)
        assert not set(gates.noted("asked")) & set(acknowledged)
        assert gates.computed() == outputs
        assert told(gates.report()) == undisturbed
        assert gates.store.verify() == ()
        assert gates.store.load_run(run_id(1)).finished is None
    assert halfway > moments / 2
