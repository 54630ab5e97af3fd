"""The house keeps its shape: layers, names, the wheel, what a start imports."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent


def _run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path):
    """The source tree in a folder of its own, symlinks kept."""
    for name in ("harness", "kernels", "reports"):
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True)
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("harness/stats/tango.py", "import harness.gate", "Arrows point down"),
        ("harness/suite/model.py", "import duckdb", "Only the store speaks SQL"),
        ("harness/pipeline/plan.py", "import torch", "model libraries"),
        ("harness/gate/check.py", "import jinja2", "prompt templates import jinja2"),
        ("kernels/multi_lora/naive.py", "import harness.types", "Kernels import nothing"),
        ("harness/newcomer.py", "", "Arrows point down"),
    ],
)
def test_a_planted_import_is_caught(copy, file, line, contract):
    with (copy / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    found = _run(str(BIN / "lint-imports"), "--no-cache", cwd=copy)
    assert found.returncode != 0
    broken = re.findall(r"^(.*) BROKEN", found.stdout, re.MULTILINE)
    assert any(contract in name for name in broken) or "newcomer" in found.stdout + found.stderr


def test_kernels_is_no_importable_package_of_that_name():
    """A regular package 'kernels' would shadow Hugging Face's and break model imports."""
    assert not (ROOT / "kernels" / "__init__.py").exists()
    assert (ROOT / "harness/kernels/multi_lora").is_symlink()


@pytest.mark.torch
def test_our_kernels_folder_does_not_shadow_an_installed_kernels(tmp_path):
    """From a checkout, transformers finds Hugging Face's package, here a stand-in that has all."""
    dist = tmp_path / "kernels-0.18.2.dist-info"
    dist.mkdir()
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: kernels\nVersion: 0.18.2\n")
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels/__init__.py").write_text(
        "from unittest.mock import MagicMock\ndef __getattr__(name): return MagicMock(name=name)\n"
    )
    code = (
        f"import sys; sys.path.append({str(tmp_path)!r})\n"
        "import harness.kernels.multi_lora\n"
        "from transformers.models.llama.modeling_llama import LlamaForCausalLM\n"
        "print(sys.modules['kernels'].__file__)\n"
    )
    done = _run(sys.executable, "-W", "ignore", "-c", code)
    assert done.stdout.strip() == str(tmp_path / "kernels/__init__.py"), done.stderr


def test_the_version_is_a_calendar_version():
    """Versions in [0.18.2, 0.19) would make transformers take us for its kernels package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert re.fullmatch(r"20\d\d\.\d{1,2}\.\d+", project["version"])


def test_the_wheel_holds_harness_and_nothing_else(tmp_path):
    done = _run(
        sys.executable, "-c",
        "from hatchling.builders.wheel import WheelBuilder\n"
        f"print(next(WheelBuilder('.').build(directory={str(tmp_path)!r}, versions=['standard'])))",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    names = zipfile.ZipFile(done.stdout.strip()).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"harness"}
    for needed in (
        "harness/kernels/multi_lora/cpu.py",
        "harness/reports/templates/report.html.j2",
        "harness/store/migrations/0001_tables.sql",
    ):
        assert any(name.startswith(needed.rsplit(".", 1)[0]) for name in names), needed
    assert not [name for name in names if "__pycache__" in name]


def test_the_plug_in_starts_light():
    """It loads in every pytest run of an environment."""
    code = (
        "import pytest, sys\n"
        "before = set(sys.modules)\n"
        "import harness.pytest_plugin\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new))\n"
    )
    done = _run(sys.executable, "-c", code)
    assert done.stdout.strip() == "['harness']"


def test_the_gate_imports_no_torch_before_it_needs_an_engine():
    code = (
        "import sys, harness.pytest_plugin.session, harness.pytest_plugin.collect\n"
        "print(sorted({'torch', 'transformers', 'peft', 'triton', 'duckdb', 'pyarrow',"
        " 'scipy.stats'} & set(sys.modules)))\n"
    )
    done = _run(sys.executable, "-c", code)
    assert done.stdout.strip() == "[]", done.stderr
