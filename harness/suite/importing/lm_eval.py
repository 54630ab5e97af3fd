"""A task of lm-evaluation-harness with plain YAML and local data, as a suite of the same prompts.

What the task's templates make of each row is written into the suite's data, examples before the
question included, so that prompts and choices are the very bytes that lm-eval 0.4.13 sends
(``ConfigurableTask.fewshot_context`` and ``construct_requests``), whatever its templates call.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.registry import SCORERS
from harness.suite.schema import shown
from harness.suite.scoring import CorpusScorer

from .metrics import scorers_of
from .rendering import UnusableTaskTemplateError, literal, render, text_of
from .task_file import Function, TaskFile

SEED = 1234
"""With which lm-eval draws examples unless it is told otherwise."""
MAX_TOKENS = 256
MARGIN = 0.05
"""Of metrics that are no share, in their own unit; for people to think about."""
WAYS = ("multiple_choice", "generate_until", "loglikelihood_rolling")
_PYTHON = (
    "doc_to_text", "doc_to_target", "doc_to_choice", "process_docs", "process_results",
    "custom_dataset", "description", "gen_prefix",
)  # fmt: skip
_UNSUPPORTED = ("use_prompt", "doc_to_image", "doc_to_audio", "unsafe_code")

_SHAPES: Mapping[str, tuple[type, ...]] = {
    "description": (str,), "gen_prefix": (str,), "doc_to_text": (str, int),
    "doc_to_target": (str, int, list), "doc_to_choice": (str, list, dict),
    "target_delimiter": (str,), "fewshot_delimiter": (str,), "num_fewshot": (int,),
    "repeats": (int,), "output_type": (str,), "fewshot_config": (dict,), "metric_list": (list,),
    "generation_kwargs": (dict,), "dataset_kwargs": (dict,), "filter_list": (list,),
    "test_split": (str,), "validation_split": (str,), "training_split": (str,),
    "fewshot_split": (str,), "dataset_path": (str,), "samples": (list,), "sampler": (str,),
    "until": (str, list), "max_gen_toks": (int,), "max_tokens": (int,), "temperature": (float, int),
}  # fmt: skip
"""What a key may hold, besides nothing."""

Row = Mapping[str, Any]


class LeftOut(Exception):
    """Why a row is not asked about."""


@dataclass(slots=True)
class Converted:
    """A suite, its rows, and what was lost on the way."""

    suite: dict[str, Any]
    rows: list[dict[str, Any]]
    left_out: Counter[str] = field(default_factory=Counter)
    """Reason → rows."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """How a question, or an example, is put."""

    text: Any
    target: Any
    choice: Any
    gen_prefix: str | None
    delimiter: str
    separator: str


def convert(
    task: TaskFile, name: str, rows: Sequence[Row], pool: Sequence[Row] | None, shots: int | None
) -> Converted:
    """The suite of a task. SuiteError at the line of what cannot be imported.

    ``pool`` are the rows of which examples are taken, ``shots`` how many; None: as the task says.
    """
    check(task)
    n = shots if shots is not None else int(task.values.get("num_fewshot") or 0)
    if not rows:
        task.refuse(None, "no row of data")
    try:
        asked = list(_asked(task, rows, _pool(task, pool, n), n))
    except UnusableTaskTemplateError as error:
        task.refuse("doc_to_text", str(error))
    found = [each for each in asked if isinstance(each, dict)]
    if not found:
        task.refuse("doc_to_text", f"no row can be asked about: {asked[0]}")
    left_out = Counter(str(each) for each in asked if not isinstance(each, dict))
    way, notes = _way(task, found)
    scorers, extract, more = scorers_of(task, any(each.get("references") for each in found))
    if not scorers:
        task.refuse("metric_list", f"no metric of it can be taken: {'; '.join(more)}")
    suite = _suite(task, name, {**way, **({"extract": extract} if extract else {})}, scorers)
    return Converted(suite, found, left_out, (*notes, *more))


def check(task: TaskFile) -> None:
    """Refuse what is Python, or no question to a language model."""
    values = task.values
    if "group" in values or isinstance(values.get("task"), list):
        task.refuse("group" if "group" in values else "task", "a group of tasks; import each one")
    for key in _PYTHON:
        if isinstance(values.get(key), Function):
            task.refuse(key, f"calls Python ({values[key].name}), which is not run")
    _shapes(task, values, "")
    for key in _UNSUPPORTED:
        if values.get(key):
            task.refuse(key, "is not supported")
    way = values.get("output_type", "generate_until")
    if way not in WAYS:
        task.refuse("output_type", f"'{way}' measures one answer; {', '.join(WAYS)} can be taken")
    config = values.get("fewshot_config") or {}
    for key, value in config.items():
        if isinstance(value, Function):
            task.refuse("fewshot_config", f"{key} calls Python ({value.name}), which is not run")
    _shapes(task, config, "fewshot_config")
    _shapes(task, values.get("generation_kwargs") or {}, "generation_kwargs")
    for each in config.get("samples") or ():
        if not isinstance(each, dict):
            task.refuse("fewshot_config", f"samples: should be mappings, not {shown(each)}")
    for key in ("doc_to_text", "doc_to_target"):
        if values.get(key) is None and not (key == "doc_to_text" and way == WAYS[2]):
            task.refuse(None, f"missing key '{key}'")
    if way == WAYS[0] and values.get("doc_to_choice") is None:
        task.refuse(None, "missing key 'doc_to_choice'")


def _shapes(task: TaskFile, values: Mapping[str, Any], inside: str) -> None:
    for key, kinds in _SHAPES.items():
        found = values.get(key)
        if found is not None and (not isinstance(found, kinds) or isinstance(found, bool)):
            name = f"{key}: " if inside else ""
            task.refuse(inside or key, f"{name}should be {_SAID[kinds[0]]}, not {shown(found)}")


_SAID = {
    str: "text",
    int: "a whole number",
    float: "a number",
    dict: "a mapping",
    list: "a list",
}


def _pool(task: TaskFile, pool: Sequence[Row] | None, n: int) -> Sequence[Row]:
    samples = (task.values.get("fewshot_config") or {}).get("samples")
    if n and isinstance(samples, list) and task.values.get("fewshot_split") is None:
        return samples
    if n and not pool:
        task.refuse("num_fewshot", f"{n} examples, and no data to take them from: --few-shot-data")
    return pool or ()


def _asked(
    task: TaskFile, rows: Sequence[Row], pool: Sequence[Row], n: int
) -> Iterator[dict[str, Any] | str]:
    """Each row as it is asked about, or why it is not; the draws go on from row to row."""
    config, values = task.values.get("fewshot_config") or {}, task.values
    draw = random.Random(SEED)  # the generator that lm-eval draws with
    own = values.get("fewshot_split") == values.get("test_split")
    first = config.get("sampler") == "first_n"
    examples = list(pool)
    if n < 0:
        task.refuse("num_fewshot", f"should be at least 0, not {n}")
    if n and len(examples) < n + (own and not first):
        task.refuse("num_fewshot", f"{n} examples of {len(examples)} rows")
    question, example = _how(values, {}), _how(values, config)
    for number, row in enumerate(rows, 1):
        try:
            shown = _examples(draw, examples, row if own else None, n, first) if n else []
            yield {"id": str(number), **_question(values, row, question, example, shown)}
        except LeftOut as reason:
            yield str(reason)


def _examples(
    draw: random.Random, pool: list[Row], row: Row | None, n: int, first: bool
) -> Sequence[Row]:
    """As ``ContextSampler.sample`` and ``FirstNSampler.sample`` of lm-eval draw them."""
    if first:
        return [each for each in pool if each != row][:n]
    if row is None:
        return draw.sample(pool, n)
    found = [each for each in draw.sample(pool, n + 1) if each != row][:n]
    if len(found) == n:
        return found
    others = [each for each in pool if each != row]
    if len(others) < n:
        raise LeftOut("too few rows that differ from it as examples")
    return draw.sample(others, n)


def _how(values: Mapping[str, Any], config: Mapping[str, Any]) -> _Asked:
    def said(key: str, otherwise: Any = None) -> Any:
        found = config.get(key)
        return found if found is not None else values.get(key, otherwise)

    return _Asked(
        said("doc_to_text", ""),
        said("doc_to_target"),
        said("doc_to_choice"),
        said("gen_prefix"),
        said("target_delimiter", " "),
        said("fewshot_delimiter", "\n\n"),
    )


def _question(
    values: Mapping[str, Any], row: Row, question: _Asked, example: _Asked, shown: Sequence[Row]
) -> dict[str, Any]:
    """Prompt, choices and what is right of one row."""
    if values.get("output_type") == "loglikelihood_rolling":
        return {"prompt": _need(_target(row, question), "the text is no text")}
    description = values.get("description")
    before = text_of(description, row) if description else ""
    before += "".join(_solved(each, example) for each in shown)
    text = _text(row, question)
    if isinstance(text, int):
        raise LeftOut("each choice has a prompt of its own")
    _need(text, "the question is no text")
    prompt = before + text + _prefix(text, row, question)
    target = _target(row, question)
    if values.get("output_type", "generate_until") == "generate_until":
        texts = [str(each) for each in target] if isinstance(target, list) else [str(target)]
        if not texts:
            raise LeftOut("no right answer")
        return {"prompt": prompt, "target": texts[0], "references": texts[1:]}
    return {"prompt": prompt, **_chosen(row, question, prompt, target)}


def _chosen(row: Row, asked: _Asked, prompt: str, target: Any) -> dict[str, Any]:
    choices = _choices(row, asked)
    if len(choices) < 2 or not all(choices):
        raise LeftOut("fewer than two choices")
    if len(set(choices)) < len(choices):
        raise LeftOut("two equal choices")
    if not prompt:
        raise LeftOut("an empty prompt")
    if asked.delimiter != " " or prompt[-1].isspace():
        raise LeftOut("between prompt and choice stands something else than one space")
    if isinstance(target, str):
        right = target
    elif isinstance(target, int) and 0 <= target < len(choices):
        right = choices[target]
    else:
        raise LeftOut("the right answer is none of the choices, or several")
    if right not in choices:
        raise LeftOut("the right answer is none of the choices, or several")
    return {"choices": choices, "target": right}


def _solved(row: Row, asked: _Asked) -> str:
    """One example with its answer and what stands behind it."""
    text = _text(row, asked)
    choices = _choices(row, asked) if asked.choice is not None else []
    if isinstance(text, int):
        raise LeftOut("each choice has a prompt of its own")
    answer = _target(row, asked)
    if choices and isinstance(answer, int):
        answer = choices[answer] if 0 <= answer < len(choices) else None
    if isinstance(answer, list):
        answer = answer[0] if answer else None
    if not isinstance(answer, str):
        raise LeftOut("the answer of an example is no text")
    prefix = _prefix(text, row, asked) if asked.gen_prefix else asked.delimiter if answer else ""
    if asked.gen_prefix and answer:
        gap = "" if prefix[-1:].isspace() or answer[0].isspace() else " "
        return f"{text}{prefix}{gap}{answer}{asked.separator}"
    return f"{text}{prefix}{answer}{asked.separator if answer else ''}"


def _prefix(text: str, row: Row, asked: _Asked) -> str:
    """What the answer begins with, and what stands before it."""
    prefix = text_of(asked.gen_prefix, row) if asked.gen_prefix else ""
    if not prefix:
        return ""
    apart = text and not (text[-1].isspace() or prefix[0].isspace())
    return f"{asked.delimiter}{prefix}" if apart else prefix


def _text(row: Row, asked: _Asked) -> Any:
    """A number where the row has a prompt for each choice."""
    if not isinstance(asked.text, str):
        return asked.text
    if asked.text in row:
        return row[asked.text]
    found = render(asked.text, row)
    return int(found) if asked.choice is not None and found.isdecimal() else found


def _target(row: Row, asked: _Asked) -> Any:
    """A text, the number of a choice, or a list of texts."""
    if not isinstance(asked.target, str):
        return asked.target
    if asked.target in row:
        return row[asked.target]
    found = render(asked.target, row)
    if asked.choice is not None and found.isdecimal():
        return int(found)
    if found[:1] == "[" and found[-1:] == "]":
        try:
            return literal(found)
        except UnusableTaskTemplateError:
            return found
    return found


def _choices(row: Row, asked: _Asked) -> list[str]:
    found = asked.choice
    if isinstance(found, str):
        found = row[found] if found in row else literal(render(found, row))
    found = list(found.values()) if isinstance(found, dict) else found
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise LeftOut("choices that are no list of texts")
    return found


def _need(found: Any, why: str) -> Any:
    if not isinstance(found, str) or not found:
        raise LeftOut(why)
    return found


def _way(task: TaskFile, rows: list[dict[str, Any]]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """How the suite's task is answered; a list of choices that all rows share stands there once."""
    values = task.values
    way = values.get("output_type", "generate_until")
    if way == "loglikelihood_rolling":
        return {"rolling": True}, ()
    if way == "multiple_choice":
        first = rows[0]["choices"]
        if any(each["choices"] != first for each in rows):
            return {"choices_from": "choices", "target": "{{ target }}"}, ()
        for each in rows:
            del each["choices"]
        return {"choices": first, "target": "{{ target }}"}, ()
    if not any(each["references"] for each in rows):
        for each in rows:
            del each["references"]
    return _generated(task)


def _generated(task: TaskFile) -> tuple[dict[str, Any], tuple[str, ...]]:
    values = task.values
    how = values.get("generation_kwargs") or {}
    until = how.get("until", [values.get("fewshot_delimiter", "\n\n")])
    stop = [until] if isinstance(until, str) else list(until or [])
    generate: dict[str, Any] = {
        "max_tokens": int(how.get("max_gen_toks") or how.get("max_tokens") or MAX_TOKENS),
        "stop": [each for each in stop if isinstance(each, str) and each],
    }
    notes = []
    if how.get("do_sample") and float(how.get("temperature") or 0) > 0:
        generate["temperature"] = float(how["temperature"])
        generate["repeats"] = int(values.get("repeats") or 1)
        notes.append("answers are drawn: by another generator than lm-eval's")
    return {"generate": generate, "target": "{{ target }}"}, tuple(notes)


def _suite(
    task: TaskFile, name: str, way: Mapping[str, Any], scorers: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "suite": name,
        "description": f"{task.values.get('task')} of lm-evaluation-harness",
        "data": {"path": f"data/{name.rpartition('/')[2]}.jsonl", "id": "id"},
        "tasks": [
            {
                "name": "ask",
                "prompt": "{{ prompt }}",
                **way,
                "scorers": [
                    key if not options else {key: options}
                    for each in scorers
                    for key, options in each.items()
                ],
            }
        ],
        "checks": [_check(kind, options) for each in scorers for kind, options in each.items()],
    }


def _check(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Not worse; what is no share of 1 has no margin in the policy."""
    name = options.get("name", kind)
    scorer = SCORERS.load(kind)
    free = issubclass(scorer, CorpusScorer) and not scorer.bounded
    check = {"name": f"{name}-no-worse", "task": "ask", "metric": name}
    return check | ({"margin": MARGIN} if free else {})
