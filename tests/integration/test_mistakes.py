"""A user's mistake is answered in a sentence, with the exit code that belongs to it."""

import subprocess
import sys

import pytest


def _sentence(result) -> str:
    text = result.stdout.str() + result.stderr.str()
    assert "Traceback" not in text
    assert "site-packages" not in text
    assert "INTERNALERROR" not in text
    return text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--candidate", "v22"], "did you mean 'v2'?"),
        (["--candidate", "x=nowhere"], "there is no adapter directory"),
        (["--candidate", "v2", "--candidate", "v2"], "two candidates are named 'v2'"),
        (["--candidate", "a[b]=adapters/v2"], "cannot name an arm"),
        (["--base-model", "bas"], "does not exist"),
        (["--baseline", "v9"], "there is no adapter directory"),
        (["--engine", "tourch"], "did you mean 'torch'?"),
    ],
)
def test_arguments_that_name_nothing_are_usage_errors(gate, arguments, expected):
    result = gate(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert expected in _sentence(result)


def test_an_unknown_key_in_the_settings_is_a_usage_error(gate, project):
    text = (project.root / "pyproject.toml").read_text("utf-8")
    project.write("pyproject.toml", text.replace("baseline", "base-line"))
    result = gate()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "did you mean 'baseline'?" in _sentence(result)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("margin: 0.05}", "margn: 0.05}", "did you mean 'margin'?"),
        ("suite: shop/colours", "suite: shop/colours\nsuite: again", "suite"),
        ("path: items.jsonl", "path: itms.jsonl", "did you mean 'items.jsonl'?"),
        ("Item {{ n }} of", "Item {{ m }} of", "'m'"),
        ("metric: exact_match", "metric: exact_mach", "did you mean 'exact_match'?"),
        ("choices: [red, green, blue]", "choices: [red, blue]", "green"),
    ],
)
def test_a_broken_suite_is_told_with_file_line_and_column(gate, project, old, new, expected):
    text = (project.root / "suites/colours.yaml").read_text("utf-8")
    assert old in text
    project.suite(text.replace(old, new, 1))
    result = gate()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    text = _sentence(result)
    assert expected in text
    assert "suites/colours.yaml:" in text or "items.jsonl:" in text


def test_all_mistakes_of_a_suite_are_told_at_once(gate, project):
    text = (project.root / "suites/colours.yaml").read_text("utf-8")
    project.suite(text.replace("margin: 0.05", "margn: 0.05").replace("id: seven", "idd: seven"))
    said = _sentence(gate())
    assert said.count("did you mean 'margin'?") == 2
    assert "idd" in said


def test_an_empty_data_set_is_a_broken_suite(gate, project):
    project.items(0)
    result = gate()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "items.jsonl" in _sentence(result)


def test_one_broken_suite_promotes_nothing_even_where_pytest_goes_on(gate, project):
    project.write("suites/other.yaml", "suite: shop/other\n")
    result = gate("--continue-on-collection-errors")
    assert result.ret == 1
    assert "PARTIAL" in _sentence(result)


def test_an_adapter_for_another_base_is_not_measured(gate, project, report):
    folder = project.adapter("foreign", 0.8)
    path = folder / "adapter_model.safetensors"
    from safetensors.numpy import load_file, save_file

    tensors = {k: v.repeat(2, axis=1) if "lora_A" in k else v for k, v in load_file(path).items()}
    save_file(tensors, path)
    result = gate("--candidate", "foreign")
    assert result.ret == 1
    assert report()["verdict"] == "INCOMPLETE"
    assert "it was trained for another base" in _sentence(result)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda d: _tensor(d, 0.0), "lora_B"),
        (lambda d: _tensor(d, float("nan")), "NaN"),
        (lambda d: _cut(d / "adapter_model.safetensors"), "truncated"),
        (lambda d: (d / "adapter_config.json").write_text("{"), "adapter_config.json"),
        (lambda d: _tensor(d, 1e-9), None),
    ],
)
def test_a_damaged_candidate_is_never_promoted(gate, project, report, damage, expected):
    damage(project.adapter("broken", 0.9))
    result = gate("--candidate", "broken")
    assert result.ret == 1
    found = report()
    assert found["verdict"] in {"INCOMPLETE", "REJECT"}
    checks = found["candidates"][0]["checks"]
    if expected:
        assert {c["verdict"] for c in checks} == {"NOT_MEASURED"}
        assert expected in _sentence(result)


def test_a_damaged_baseline_stops_the_gate(gate, project):
    _tensor(project.root / "adapters/v1", 0.0)
    result = gate()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "lora_B" in _sentence(result)


def test_an_adapter_that_does_nothing_is_found_out_by_its_behaviour(gate, project, report):
    """Same skill as base to the engine's six digits, so the same log-probabilities."""
    project.adapter("idle", 0.5 + 1e-8)
    result = gate("--candidate", "idle")
    assert result.ret == 1
    assert report()["verdict"] == "INCOMPLETE"
    assert "differ in content but not in behaviour" in _sentence(result)


def test_a_store_that_another_process_holds_is_told(gate, project):
    gate()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True);"
            " sys.stdin.read()",
            str(project.root / ".loragate/history.duckdb"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "held\n"
        result = gate()
        assert result.ret != 0
        assert f"process {holder.pid} " in _sentence(result)
    finally:
        holder.communicate(timeout=10)


def test_suites_of_two_roots_are_refused(gate, project):
    text = (project.root / "suites/colours.yaml").read_text("utf-8")
    project.items(300, "other/items.jsonl")
    project.write("other/policy.yaml", "alpha: 0.05\n")
    project.write("other/more.yaml", text.replace("shop/colours", "shop/more"))
    result = gate("other")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "one gate has one policy" in _sentence(result)


def _tensor(folder, value):
    from safetensors.numpy import load_file, save_file

    path = folder / "adapter_model.safetensors"
    tensors = load_file(path)
    for name, tensor in tensors.items():
        if "lora_B" in name:
            tensor[:] = value
    save_file(tensors, path)


def _cut(path):
    path.write_bytes(path.read_bytes()[:-20])
