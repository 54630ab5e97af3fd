"""The suite language as JSON Schema, for editors: what a suite may hold, plug-ins included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.errors import UsageError
from harness.registry import EXTRACTORS, MUTATORS, SCORERS, Registry

from .model import PLUGGED, Suite
from .scoring import BuiltScorer

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_KINDS = {"scorer": SCORERS, "extractor": EXTRACTORS, "mutator": MUTATORS}
_OF_SCORERS: dict[str, Any] = {
    "of": {"type": "string", "description": "The extraction whose answer is read."},
    "name": {"type": "string", "description": "What the score is called; else its scorer's name."},
}
"""The options that every scorer has; see ``tasks``."""


def suite_schema() -> dict[str, Any]:
    """The schema of one suite file; everything that is plugged in is imported for it."""
    schema = Suite.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    for kind, registry in _KINDS.items():
        definitions[kind] = {"anyOf": list(_entries(registry, definitions))}
    filled: dict[str, Any] = _filled(schema)
    return {"$schema": DIALECT, **filled}


def _entries(registry: Registry, definitions: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A bare name, or a name with its options, of everything that can be loaded."""
    usable: dict[str, dict[str, Any]] = {}
    for name in registry.names():
        try:
            model = registry.load(name)
        except UsageError:  # a plug-in whose package is broken is told where a suite names it
            continue
        options = model.model_json_schema(by_alias=True)
        definitions.update(options.pop("$defs", {}))
        if issubclass(model, BuiltScorer):
            options["properties"] = {**options.get("properties", {}), **_OF_SCORERS}
        short = getattr(model, "short", "")
        usable[name] = {"anyOf": [options, options["properties"][short]]} if short else options
    yield {"enum": sorted(usable)}
    yield {
        "type": "object",
        "properties": usable,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


def _filled(node: Any) -> Any:
    """The schema with references where something plugged in was marked."""
    if isinstance(node, dict):
        if node.keys() == {PLUGGED} and node[PLUGGED] in _KINDS:
            return {"$ref": f"#/$defs/{node[PLUGGED]}"}
        return {key: _filled(value) for key, value in node.items()}
    return [_filled(item) for item in node] if isinstance(node, list) else node
