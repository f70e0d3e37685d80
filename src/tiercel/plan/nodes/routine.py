"""The node for everything that is written once, in Python, for all engines."""

from __future__ import annotations

from sqlglot import exp

from tiercel.plan.nodes.node import Node

__all__ = ["RoutineCall"]


class RoutineCall(Node):
    """A call of the routine that `this` (an identifier) names in `tiercel.plan.routines`, with `expressions`.

    The arguments have the SQL forms of the routine's parameters, all of them, in order (an absent one is a typed NULL;
    where the routine takes a rest, one JSON array of them stands last). The result has the SQL form of its result.
    """

    arg_types = {"this": True, "expressions": False}  # noqa: RUF012  sqlglot reads this class attribute and never writes it
    is_var_len_args = True

    @property
    def routine_name(self) -> str:
        """The routine's name."""
        name = self.this
        return name.name if isinstance(name, exp.Expr) else str(name)
