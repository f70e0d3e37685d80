"""The shape of an exported finding as JSON Schema (draft 2020-12), read off the dataclasses themselves."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tiercel import findings
from tiercel.findings import Finding

__all__ = ["finding_schema"]

_NAMES: Final = {**vars(findings), "Mapping": Mapping, "datetime": datetime}
"""What the dataclasses' annotations name that their modules import for type checkers alone."""
_SCALARS: Final[dict[Any, dict[str, Any]]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
}


def finding_schema() -> dict[str, Any]:
    """The schema of one finding, as `tiercel hunt --format jsonl` writes it on a line."""
    definitions: dict[str, Any] = {}
    root = _of(Finding, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A finding of Tiercel",
        "description": "One line of `tiercel hunt --format jsonl`. Times are ISO 8601, UTC; absent things are null.",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind in _SCALARS:
        return dict(_SCALARS[kind])
    if kind is Any:
        return {}
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {types.UnionType, typing.Union}:
        return {"anyOf": [_of(each, definitions) for each in arguments]}
    if origin is tuple:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _of(arguments[1], definitions)}
    if not isinstance(kind, type) or not dataclasses.is_dataclass(kind):
        raise TypeError(f"a finding holds a {kind}, which has no JSON form")
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}  # a dataclass that holds itself finds its own name
        hints = typing.get_type_hints(kind, localns=_NAMES)
        definitions[name] = {
            "type": "object",
            "description": " ".join((kind.__doc__ or "").split("\n\n")[0].split()),
            "properties": {field.name: _of(hints[field.name], definitions) for field in dataclasses.fields(kind)},
            "required": [field.name for field in dataclasses.fields(kind)],
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{name}"}
