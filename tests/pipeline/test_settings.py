"""Arguments over configuration."""

import pytest

from harness.engine import numerics
from harness.engine.protocol import EngineOptions
from harness.errors import UsageError
from harness.pipeline.settings import Named, configured, engine_options, resolve

TABLE = """
[tool.loragate]
base-model = "models/base"
adapters = "adapters"
baseline = "v1"
candidate = ["v2", "v3"]
store = "kept"
"""


@pytest.fixture
def root(tmp_path):
    """A project whose table names everything."""
    for name in ("models/base", "adapters/v1", "adapters/v2", "adapters/v3", "sub/mine"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "models/base/config.json").write_text("{}")
    (tmp_path / "pyproject.toml").write_text(TABLE)
    return tmp_path


def test_the_table_alone_suffices(root):
    settings = resolve(root, {}, root / "sub")
    assert settings.base_model == root / "models/base"
    assert settings.baseline == Named("v1", root / "adapters/v1")
    assert [c.name for c in settings.candidates] == ["v2", "v3"]
    assert settings.store == root / "kept"
    assert settings.report_dir == root / "build"
    assert settings.engine == "torch"


def test_an_option_replaces_its_key_and_is_relative_to_where_it_was_typed(root):
    settings = resolve(root, {"candidate": ["new=mine"], "store": "here"}, root / "sub")
    assert settings.candidates == (Named("new", root / "sub/mine"),)
    assert settings.store == root / "sub/here"


def test_base_is_a_legal_candidate_and_baseline(root):
    settings = resolve(root, {"candidate": ["base", "plain=base"], "baseline": "base"}, root)
    assert settings.candidates == (Named("base", None), Named("plain", None))
    assert settings.baseline == Named("base", None)


def test_without_a_baseline_the_first_release_is_compared_with_base(root):
    (root / "pyproject.toml").write_text(TABLE.replace('baseline = "v1"\n', ""))
    assert resolve(root, {}, root).baseline == Named("base", None)


@pytest.mark.parametrize(
    ("table", "options", "expected"),
    [
        (TABLE, {"candidate": ["v4"]}, "there is no adapter directory"),
        (TABLE, {"candidate": ["a b=v2"]}, "cannot name an arm"),
        (TABLE, {"candidate": ["v2", "v2"]}, "two candidates are named 'v2'"),
        (TABLE, {"base-model": "adapters"}, "has no config.json"),
        (TABLE, {"base-model": "nowhere"}, "does not exist"),
        (TABLE, {"engine": "torhc"}, "did you mean 'torch'?"),
        ("", {}, "no base model is named"),
        ('[tool.loragate]\nbase-model = "models/base"', {}, "no candidate is named"),
        ("[tool.loragate]\nbasemodel = 1", {}, "did you mean 'base-model'?"),
        ("[tool", {}, "pyproject.toml"),
    ],
)
def test_what_cannot_be_resolved_is_told(root, table, options, expected):
    (root / "pyproject.toml").write_text(table)
    with pytest.raises(UsageError, match=expected.replace("?", r"\?")):
        resolve(root, options, root)


def test_a_project_without_a_table_is_configured_by_nothing(tmp_path):
    assert configured(tmp_path) == {}


def test_a_release_file_is_read_and_named_after_itself(root):
    (root / "sub/both.yaml").write_text('"a/*": v1\n"b/*": mine')
    named = resolve(root, {"candidate": ["both.yaml"]}, root / "sub").candidates[0]
    assert (named.name, named.path) == ("both", root / "sub/both.yaml")
    assert named.release.adapters == {"a/*": root / "adapters/v1", "b/*": root / "sub/mine"}


def test_a_release_file_may_be_baseline_and_lie_among_the_adapters(root):
    (root / "adapters/live.yml").write_text('"*": v1')
    settings = resolve(root, {"baseline": "now=live.yml"}, root)
    assert settings.baseline.name == "now"
    assert settings.baseline.release.adapters == {"*": root / "adapters/v1"}


def test_a_broken_release_file_is_told_with_its_lines(root):
    (root / "both.yaml").write_text('"a/*": v1\n"b/*": v7')
    with pytest.raises(UsageError, match=r"both\.yaml:2:8: b/\*: there is no adapter directory"):
        resolve(root, {"candidate": ["x=both.yaml"]}, root)


def test_the_engine_computes_as_the_table_says(root):
    more = 'dtype = "bfloat16"\nmode = "fast"\nbatching = "continuous"\n'
    (root / "pyproject.toml").write_text(TABLE + more)
    expected = EngineOptions(dtype="bfloat16", mode="fast", batching="continuous")
    assert resolve(root, {}, root).options == engine_options(root) == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('mode = "determinstic"', "mode.*did you mean 'deterministic'"),
        ('dtype = "int8"', "dtype"),
        ('batching = "paged"', "batching"),
        ('device = "tpu"', "device"),
    ],
)
def test_what_an_engine_cannot_do_is_refused_by_file_and_key(root, line, message):
    (root / "pyproject.toml").write_text(TABLE + line + "\n")
    with pytest.raises(UsageError, match=rf"pyproject.toml: \[tool.loragate\]: .*{message}"):
        engine_options(root)


@pytest.mark.parametrize(("device", "batching"), [("cpu", "padded"), ("cuda", "continuous")])
def test_each_device_has_its_own_way_of_batching(root, device, batching):
    (root / "pyproject.toml").write_text(f'{TABLE}device = "{device}"\n')
    assert engine_options(root).batching == batching


@pytest.mark.parametrize(
    ("torch", "visible", "expected"),
    [("2.13.0+cu130", None, "cuda"), ("2.13.0+cpu", None, "cpu"), ("2.13.0", "", "cpu")],
)
def test_a_gpu_is_used_where_driver_and_torch_know_one(root, monkeypatch, torch, visible, expected):
    folder = root / "gpus" / "0000:01"
    folder.mkdir(parents=True)
    (folder / "information").write_text("Model: \t\t NVIDIA H100 80GB HBM3\n")
    monkeypatch.setattr(numerics, "GPUS", root / "gpus")
    monkeypatch.setattr(numerics, "version", lambda package: torch)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert engine_options(root).device == expected
    numerics.architecture.cache_clear()
    assert numerics.architecture("cuda") == "NVIDIA-H100-80GB-HBM3"
    numerics.architecture.cache_clear()


@pytest.mark.parametrize(
    ("said", "days"),
    [('"text"', None), ('"hashes"', 0), ('"1 day"', 1), ('"30 days"', 30)],
)
def test_texts_are_kept_as_long_as_the_table_says(root, said, days):
    """Without the key, for good."""
    assert resolve(root, {}, root).keep is None
    table = (root / "pyproject.toml").read_text("utf-8")
    (root / "pyproject.toml").write_text(f"{table}keep = {said}\n", "utf-8")
    assert resolve(root, {}, root).keep == days


@pytest.mark.parametrize("said", ['"forever"', '"0 days"', "30", '"-3 days"', "true"])
def test_another_time_to_keep_is_refused(root, said):
    """A misspelt retention must not keep everything in silence."""
    table = (root / "pyproject.toml").read_text("utf-8")
    (root / "pyproject.toml").write_text(f"{table}keep = {said}\n", "utf-8")
    with pytest.raises(UsageError, match='keep should be "text", "hashes" or "30 days", not '):
        resolve(root, {}, root)
