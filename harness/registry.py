"""Names of what can be plugged in: a name stands for a lazy ``module:attribute``.

Built-ins and plug-ins come through the same door. A distribution adds a scorer with

    [project.entry-points."loragate.scorers"]
    toxicity = "its_package.toxicity:Toxicity"

Nothing is imported before it is asked for by name, and entry points are not even listed
before a name is asked for that is not built in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from harness.errors import UsageError

SIMILAR = 70
"""Least similarity, in percent, at which one name is offered for another."""


def suggest(word: str, options: Iterable[str]) -> str:
    """``did you mean 'x'?`` for the option nearest to a misspelt word, or an empty string."""
    from rapidfuzz import fuzz, process  # 10 ms that only a mistake should cost

    found = process.extractOne(
        word, list(options), scorer=fuzz.ratio, processor=str.lower, score_cutoff=SIMILAR
    )
    return f"did you mean '{found[0]}'?" if found else ""


def unknown(what: str, word: str, options: Iterable[str]) -> str:
    """The sentence for a name that is not among the options: the nearest one, or all of them."""
    return f"unknown {what} '{word}' ({nearest(word, options)})"


def nearest(word: str, options: Iterable[str]) -> str:
    """The nearest option as a question, or where nothing is near all the options there are."""
    options = sorted(options)
    return suggest(word, options) or f"there is {', '.join(options) or 'none'}"


class Registry:
    """Things of one kind, by name; loading one gives what its ``module:attribute`` holds.

    ``load`` returns Any: the caller names the protocol that it expects of the kind.
    """

    def __init__(self, kind: str, builtins: Mapping[str, str]) -> None:
        """Start with the built-ins; ``kind`` is the singular: scorer, extractor, engine."""
        self.kind = kind
        self.group = f"loragate.{kind}s"
        self._targets: dict[str, str] = {}
        self._discovered = False
        for name, target in builtins.items():
            self.register(name, target)

    def register(self, name: str, target: str) -> None:
        """Add a name for ``module:attribute``; UsageError where the name is taken."""
        module, colon, attribute = target.partition(":")
        if not (module and colon and attribute):
            raise UsageError(
                f"{self.kind} '{name}' stands for '{target}', which should be module:attribute"
            )
        if name in self._targets:
            raise UsageError(
                f"{self.kind} '{name}' is defined twice: as {self._targets[name]} and as {target}"
            )
        self._targets[name] = target

    def names(self) -> list[str]:
        """All names, those of installed plug-ins included, sorted."""
        self._discover()
        return sorted(self._targets)

    def __contains__(self, name: str) -> bool:
        """Whether the name is known; plug-ins are looked for where it is not built in."""
        if name not in self._targets:
            self._discover()
        return name in self._targets

    def load(self, name: str) -> Any:
        """What the name stands for; UsageError where it is unknown or cannot be imported."""
        if name not in self:
            raise UsageError(unknown(self.kind, name, self._targets))
        module, _, attribute = self._targets[name].partition(":")
        try:
            return getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise UsageError(
                f"{self.kind} '{name}' stands for {module}:{attribute}, "
                f"which cannot be loaded: {error}"
            ) from error

    def _discover(self) -> None:
        if self._discovered:
            return
        for entry in entry_points(group=self.group):
            self.register(entry.name, entry.value)
        self._discovered = True


SCORERS = Registry(
    "scorer",
    {
        "accuracy": "harness.scorers.accuracy:Accuracy",
        "bits_per_byte": "harness.scorers.perplexity:BitsPerByte",
        "bleu": "harness.scorers.overlap:Bleu",
        "brier": "harness.scorers.calibration:Brier",
        "chrf": "harness.scorers.overlap:Chrf",
        "clarification": "harness.scorers.clarification:Clarification",
        "conflict_flagged": "harness.scorers.conflict:ConflictFlagged",
        "ece": "harness.scorers.calibration:ExpectedCalibrationError",
        "edit_similarity": "harness.scorers.edit:EditSimilarity",
        "embedding_similarity": "harness.scorers.embedding:EmbeddingSimilarity",
        "entity_f1": "harness.scorers.entity_f1:EntityF1",
        "entity_f1_micro": "harness.scorers.entity_f1:EntityF1Micro",
        "exact_match": "harness.scorers.match:ExactMatch",
        "grounded": "harness.scorers.grounded:Grounded",
        "includes": "harness.scorers.match:Includes",
        "json_schema": "harness.scorers.json_answer:JsonSchema",
        "json_valid": "harness.scorers.json_answer:JsonValid",
        "latency": "harness.scorers.limits:Latency",
        "macro_f1": "harness.scorers.labels:MacroF1",
        "matches": "harness.scorers.match:PatternMatch",
        "mcc": "harness.scorers.labels:Mcc",
        "mean_seconds": "harness.scorers.limits:MeanSeconds",
        "mean_tokens": "harness.scorers.limits:MeanTokens",
        "micro_f1": "harness.scorers.labels:MicroF1",
        "numeric": "harness.scorers.numeric:Numeric",
        "perplexity": "harness.scorers.perplexity:Perplexity",
        "refusal": "harness.scorers.refusal:Refusal",
        "rouge1": "harness.scorers.overlap:Rouge1",
        "rouge2": "harness.scorers.overlap:Rouge2",
        "rougeL": "harness.scorers.overlap:RougeL",
        "rougeLsum": "harness.scorers.overlap:RougeLsum",
        "squad_em": "harness.scorers.token_f1:SquadExactMatch",
        "ter": "harness.scorers.overlap:Ter",
        "token_f1": "harness.scorers.token_f1:TokenF1",
        "tokens": "harness.scorers.limits:Tokens",
        "weighted_f1": "harness.scorers.labels:WeightedF1",
    },
)
"""One output → one score: ``harness.suite.scoring.BuiltScorer``, or ``CorpusScorer``."""

EXTRACTORS = Registry(
    "extractor",
    {
        "casefold": "harness.scorers.extract:Casefold",
        "choice_letter": "harness.scorers.extract:ChoiceLetter",
        "first_line": "harness.scorers.extract:FirstLine",
        "first_number": "harness.scorers.extract:FirstNumber",
        "json": "harness.scorers.extract:JsonPath",
        "last_number": "harness.scorers.extract:LastNumber",
        "regex": "harness.scorers.extract:Regex",
        "strip": "harness.scorers.extract:Strip",
    },
)
"""One step from what was written to the answer: ``harness.suite.extraction.Extractor``."""

MUTATORS = Registry(
    "mutator",
    {
        "ambiguous_reference": "harness.mutators.logic:AmbiguousReference",
        "base64": "harness.mutators.encoding:Base64",
        "bidi": "harness.mutators.confusing:Bidi",
        "casing": "harness.mutators.surface:Casing",
        "clause_order": "harness.mutators.logic:ClauseOrder",
        "conflict": "harness.mutators.conflicts:Conflict",
        "confusables": "harness.mutators.confusing:Confusables",
        "contractions": "harness.mutators.surface:Contractions",
        "date_change": "harness.mutators.facts:DateChange",
        "distractor": "harness.mutators.context:Distractor",
        "entity_swap": "harness.mutators.facts:EntitySwap",
        "false_presupposition": "harness.mutators.conflicts:FalsePresupposition",
        "fillers": "harness.mutators.surface:Fillers",
        "gender_swap": "harness.mutators.people:GenderSwap",
        "injection_direct": "harness.mutators.injection:InjectionDirect",
        "injection_field": "harness.mutators.injection:InjectionField",
        "injection_quoted": "harness.mutators.injection:InjectionQuoted",
        "keyboard": "harness.mutators.slips:Keyboard",
        "leet": "harness.mutators.encoding:Leet",
        "missing_text": "harness.mutators.logic:MissingText",
        "name_swap": "harness.mutators.people:NameSwap",
        "negation": "harness.mutators.logic:Negation",
        "number_change": "harness.mutators.facts:NumberChange",
        "ocr": "harness.mutators.slips:Ocr",
        "padding": "harness.mutators.context:Padding",
        "punctuation": "harness.mutators.surface:Punctuation",
        "repetition": "harness.mutators.context:Repetition",
        "rot13": "harness.mutators.encoding:Rot13",
        "typos": "harness.mutators.slips:Typos",
        "unit_change": "harness.mutators.facts:UnitChange",
        "whitespace": "harness.mutators.surface:Whitespace",
        "zero_width": "harness.mutators.confusing:ZeroWidth",
    },
)
"""A clean text → mutated ones: ``harness.suite.mutating.Mutator``."""

ENGINES = Registry(
    "engine",
    {
        "echo": "harness.engine.echo:EchoEngine",
        "endpoint": "harness.engine.endpoint.engine:EndpointEngine",
        "torch": "harness.engine.start:start_torch",
    },
)
"""What runs the arms: ``harness.engine.protocol.Engine``."""

BENCHMARKS = Registry(
    "benchmark",
    {
        "demo": "harness.demo.seeds:bench",
        "engine": "harness.bench.engine.goals:bench",
        "first-gate": "harness.bench.first_gate:bench",
        "gate": "harness.bench.gate.goals:quick",
        "gate-full": "harness.bench.gate.goals:full",
        "harness": "harness.bench.harness.goals:bench",
        "import": "harness.bench.importing:bench",
        "kernels": "harness.bench.kernels:bench",
        "report": "harness.bench.report:bench",
        "store": "harness.bench.store:bench",
    },
)
"""What ``loragate bench`` measures: a callable that returns ``harness.types.BenchRow``s."""
