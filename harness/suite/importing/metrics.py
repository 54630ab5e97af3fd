"""Metrics and filters of lm-evaluation-harness, as scorers and extractions of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.suite.schema import shown

from .task_file import Function, TaskFile

_CHOICES: Mapping[str, dict[str, Any]] = {
    "acc": {"accuracy": {}},
    "acc_norm": {"accuracy": {"normalise": "characters", "name": "acc_norm"}},
    "acc_bytes": {"accuracy": {"normalise": "bytes", "name": "acc_bytes"}},
    "mcc": {"mcc": {}},
    "brier_score": {"brier": {}},
}
_TEXTS: Mapping[str, dict[str, Any]] = {
    "exact_match": {"exact_match": {}},
    "bleu": {"bleu": {}},
    "chrf": {"chrf": {}},
    "ter": {"ter": {}},
}
_ROLLING: Mapping[str, dict[str, Any]] = {"bits_per_byte": {"bits_per_byte": {}}}
_OF_WAY = {
    "multiple_choice": _CHOICES,
    "generate_until": _TEXTS,
    "loglikelihood_rolling": _ROLLING,
}
_DEFAULTS = {
    "multiple_choice": ("acc", "acc_norm"),
    "generate_until": ("exact_match",),
    "loglikelihood_rolling": ("word_perplexity", "byte_perplexity", "bits_per_byte"),
}
_SAID = ("metric", "aggregation", "higher_is_better", "weight_by_size")
_PASSED = ("ignore_case", "ignore_punctuation")
_SILENT = ("take_first", "remove_whitespace")
"""Filters without an effect here: there is one answer, and white space around it never counts."""

Scorers = list[dict[str, Any]]
Extract = dict[str, list[Any]]


def scorers_of(task: TaskFile, several: bool) -> tuple[Scorers, Extract, tuple[str, ...]]:
    """Scorers, extractions, and what of the metrics is lost; ``several``: rows have references."""
    values = task.values
    way = values.get("output_type", "generate_until")
    listed = values.get("metric_list") or [{"metric": name} for name in _DEFAULTS[way]]
    if not isinstance(listed, list):
        task.refuse("metric_list", "should be a list")
    notes: list[str] = []
    found: Scorers = []
    for entry in listed:
        entry = entry if isinstance(entry, dict) else {"metric": entry}
        name = entry.get("metric")
        known = _OF_WAY[way].get(name) if isinstance(name, str) else None
        if known is None or isinstance(entry.get("aggregation"), Function):
            said = name.name if isinstance(name, Function) else name
            notes.append(f"left out: {said}, which no scorer is")
            continue
        ((kind, options),) = known.items()
        given = {key: True for key in _PASSED if entry.get(key)}
        rest = sorted(set(entry) - {*_SAID, *_PASSED, "hf_evaluate", "num_fewshot"})
        if rest:
            notes.append(f"{name}: without {', '.join(rest)}")
        also = {"also": "references"} if several and way == "generate_until" else {}
        found.append({kind: {**options, **given, **also}})
    extract, lost = _extract(task) if way == "generate_until" else ({}, [])
    return _by_filter(found, extract), extract, (*notes, *lost)


def _by_filter(scorers: Scorers, extract: Extract) -> Scorers:
    """Every scorer once for each extraction."""
    if not extract:
        return scorers
    return [
        {kind: {**options, "of": of, "name": f"{kind}-{of}"}}
        for each in scorers
        for kind, options in each.items()
        for of in extract
    ]


def _extract(task: TaskFile) -> tuple[Extract, list[str]]:
    found: Extract = {}
    notes = []
    for entry in task.values.get("filter_list") or ():
        if not isinstance(entry, dict):
            task.refuse("filter_list", f"should be a list of mappings, not of {shown(entry)}")
        name = re.sub("[^A-Za-z0-9._-]", "-", str(entry.get("name")))
        try:
            steps = [step for each in entry.get("filter") or () for step in _step(each)]
        except (ValueError, re.error) as error:
            notes.append(f"left out: filter {name}, {error}")
            continue
        if steps:
            found[name] = steps
    return found, notes


def _step(entry: Mapping[str, Any]) -> Iterator[Any]:
    """ValueError says what a filter does that no step of ours does."""
    function = entry.get("function") if isinstance(entry, dict) else entry
    if function in _SILENT:
        return
    if function == "lowercase":
        yield "casefold"
    elif function == "regex" and entry.get("group_select", 0) in (0, -1):
        pattern = entry.get("regex_pattern", r"#### (\-?[0-9\.\,]+)")
        if not isinstance(pattern, str) or re.compile(pattern).groups > 1:
            raise ValueError("which takes the first of several groups that has something")
        yield {
            "regex": {"pattern": pattern, **({"last": True} if entry.get("group_select") else {})}
        }
    else:
        raise ValueError(f"which calls {function}")
