"""What an engine cannot do of what the plan can say: told while a query is compiled, at its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NOTHING", "Lacks"]


@dataclass(frozen=True, slots=True)
class Lacks:
    """The functions, aggregates and plugins by name, and the operators by their syntax, that an engine has not.

    Each with the reason, in words that complete "`name` is not supported on Spark: ...".
    """

    engine: str = ""
    of: Mapping[str | type, str] = field(default_factory=dict)

    def refusal(self, name: str, of: str | type) -> str:
        """What to say of a use, empty where the engine has it."""
        why = self.of.get(of)
        return f"`{name}` is not supported on {self.engine}: {why}" if why else ""


NOTHING = Lacks()
"""An engine that has all."""
