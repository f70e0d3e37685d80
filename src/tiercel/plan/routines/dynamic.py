"""Dynamic values as Python values: reading and writing them, and how Kusto compares them."""

from __future__ import annotations

import json
import math

from tiercel.plan.routines.numbers import real_text

__all__ = ["dynamic_text", "identity", "read_json", "write_json"]


def read_json(text: str | None) -> object:
    """The value that a JSON text holds; nothing where it is none, or nested too deep to be read."""
    if text is None:
        return None
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(name: str) -> object:
    """NaN and Infinity, which Python reads, are no JSON."""
    raise ValueError(name)


def write_json(value: object) -> str:
    """The value as compact JSON; what is no number is written as text, as Kusto does."""
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"), ensure_ascii=False)


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return real_text(value)
    if isinstance(value, list):
        return [_finite(one) for one in value]
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return value


def dynamic_text(value: object) -> str:
    """What `tostring` gives for a dynamic: a string itself, nothing for null, JSON for all else."""
    if value is None:
        return ""
    return value if isinstance(value, str) else write_json(value)


def identity(value: object) -> object:
    """A key under which equal dynamic values are found: true is not 1, and bags do not depend on the order of names."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list):
        return ("array", tuple(identity(one) for one in value))
    if isinstance(value, dict):
        return ("bag", frozenset((name, identity(one)) for name, one in value.items()))
    return value
