"""``loragate bench``: what is printed, what is written, and the exit code."""

import json

import pytest
from typer.testing import CliRunner

from harness.bench import CELL
from harness.cli.app import app
from harness.registry import BENCHMARKS
from harness.types import BenchRow

ROWS = [
    BenchRow("seconds", 1.5, "s", "< 2", True),
    BenchRow("false promotion", 5.0, "%", "≤ 6", True, error=0.07),
    BenchRow(f"{CELL}n=50", 4.9, "%", error=0.07),
]


@pytest.fixture
def bench(monkeypatch, tmp_path):
    """Run a benchmark that finds these rows: its exit code, output and JSON."""

    def run(rows):
        monkeypatch.setattr(BENCHMARKS, "load", lambda name: lambda: rows)
        file = tmp_path / "deep" / "rows.json"
        done = CliRunner().invoke(app, ["bench", "some", "--json", str(file)])
        return done.exit_code, done.output, json.loads(file.read_text("utf-8"))

    return run


def test_a_simulated_value_stands_with_its_error(bench):
    _, output, _ = bench(ROWS)
    assert "±" in output
    assert [line.split()[-5:] for line in output.splitlines()[2:]] == [
        ["0.07", "%", "≤", "6", "yes"]
    ]


def test_without_simulation_there_is_no_column_for_errors(bench):
    assert "±" not in bench(ROWS[:1])[1]


def test_cells_are_in_the_json_and_not_in_the_table(bench):
    _, output, document = bench(ROWS)
    assert CELL not in output
    assert [row["name"] for row in document["rows"]] == ["seconds", "false promotion"]
    assert [(row["name"], row["error"]) for row in document["cells"]] == [(f"{CELL}n=50", 0.07)]


def test_a_benchmark_without_cells_writes_rows_alone(bench):
    assert list(bench(ROWS[:1])[2]) == ["rows"]


@pytest.mark.parametrize("name", ["seconds", f"{CELL}n=50"])
def test_a_missed_target_fails_even_where_it_is_not_printed(bench, name):
    assert bench([BenchRow(name, 9.0, "s", "< 2", False)])[0] == 1
    assert bench([BenchRow(name, 1.0, "s", "< 2", True)])[0] == 0
