"""What a routine is: a function of KQL written in Python, with the types it takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Routine"]


@dataclass(frozen=True, slots=True)
class Routine:
    """A scalar function that every engine runs as it is here.

    `call` takes and gives Python values as `syntax.Literal.value` holds them (dynamic: the parsed JSON; datetime and
    timespan: ticks of 100 ns); `None` is null, and an argument that was not written. It never raises, whatever the data
    hold, and changes none of its arguments. Its docstring is the function's documentation page. With `rest`, one more
    parameter takes the list of all further arguments, each as dynamic.
    """

    name: str
    call: Callable[..., object]
    parameters: tuple[KustoType, ...]
    returns: KustoType
    rest: bool = False

    @property
    def signature(self) -> tuple[KustoType, ...]:
        """The types of all parameters, the rest's included."""
        return (*self.parameters, KustoType.DYNAMIC) if self.rest else self.parameters
