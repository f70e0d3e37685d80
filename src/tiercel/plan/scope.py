"""Names and what they stand for: let statements, parameters, functions, and the tables of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiercel.kql import syntax
    from tiercel.plan.relation import Relation
    from tiercel.plan.values import Typed

__all__ = ["Binding", "FunctionBinding", "ScalarBinding", "Scope", "TableBinding", "did_you_mean"]


@dataclass(frozen=True, slots=True)
class ScalarBinding:
    """A name that stands for a value."""

    value: Typed
    size: int = 1
    """How many nodes of SQL each use of the name adds."""


@dataclass(frozen=True, slots=True)
class TableBinding:
    """A name that stands for rows."""

    relation: Relation


@dataclass(frozen=True, slots=True)
class FunctionBinding:
    """A name that stands for a function, and the scope that its body sees."""

    function: syntax.Lambda
    scope: Scope


Binding: TypeAlias = ScalarBinding | TableBinding | FunctionBinding


@dataclass(slots=True)
class Scope:
    """The let names visible at one place: its own, then those of the scopes around it."""

    parent: Scope | None = None
    own: dict[str, Binding] = field(default_factory=dict)

    def find(self, name: str) -> Binding | None:
        """What the name stands for, from the innermost scope outwards."""
        scope: Scope | None = self
        while scope is not None:
            if (found := scope.own.get(name)) is not None:
                return found
            scope = scope.parent
        return None

    def so_far(self) -> Scope:
        """The scope as it stands now: what a function's body sees, which is not the function itself."""
        return Scope(self.parent, dict(self.own))

    def names(self, kind: type[Binding] | tuple[type[Binding], ...]) -> list[str]:
        """Every visible name that stands for such a thing."""
        found: dict[str, None] = {}
        scope: Scope | None = self
        while scope is not None:
            found.update((name, None) for name, binding in scope.own.items() if isinstance(binding, kind))
            scope = scope.parent
        return list(found)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint that names the closest of the known names, or nothing when none is close.

    >>> did_you_mean("devicename", ["DeviceId", "DeviceName"])
    'did you mean `DeviceName`?'
    """
    candidates = {one.lower(): one for one in known}
    close = get_close_matches(name.lower(), candidates, n=1, cutoff=0.7)
    return f"did you mean `{candidates[close[0]]}`?" if close else ""
