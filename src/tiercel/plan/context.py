"""Where an expression or operator stands: the compilation, the names in sight, the rows at hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiercel.kql import syntax
    from tiercel.plan.compiler import Compiler
    from tiercel.plan.relation import Relation
    from tiercel.plan.scope import Scope
    from tiercel.plan.values import Typed

__all__ = ["Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """What a lowering sees. `relation` is None where no rows are at hand (a let's value, a count).

    `aggregating` holds where aggregate functions may be called. `positive` holds where null and false mean the same (a
    predicate of `where`, and what `and` and `or` join there): comparisons then need no care for nulls.
    """

    compiler: Compiler
    scope: Scope
    relation: Relation | None = None
    aggregating: bool = False
    positive: bool = False

    def lower(self, node: syntax.Expression) -> Typed:
        """The scalar that the node means here; `Broken` where it is wrong, which is then reported."""
        return self.compiler.scalar(self, node)

    def rows(self, node: syntax.Node) -> Relation:
        """The rows that the node means here; `OPEN` where it is wrong, which is then reported."""
        return self.compiler.tabular(self, node)

    def over_operators(self, rows: Relation, operators: tuple[syntax.Operator, ...]) -> Relation:
        """The rows after these operators, as a query of its own that begins with them."""
        return self.compiler.operators(self, rows, operators)

    def is_rows(self, node: syntax.Node) -> bool:
        """Whether the node means rows here, and not a value."""
        return self.compiler.is_tabular(self, node)

    def over(self, relation: Relation | None) -> Context:
        """The same place, over other rows."""
        return replace(self, relation=relation, aggregating=False, positive=False)

    def plain(self) -> Context:
        """The same place for an operand: no predicate."""
        return replace(self, positive=False) if self.positive else self

    def argument(self) -> Context:
        """The same place for an aggregate's argument: no predicate, and no aggregate."""
        return replace(self, aggregating=False, positive=False)

    def predicate(self) -> Context:
        """The same place where null and false mean the same."""
        return replace(self, positive=True)

    def aggregate(self) -> Context:
        """The same place where aggregates may be called."""
        return replace(self, aggregating=True, positive=False)

    def within(self, scope: Scope) -> Context:
        """The same compilation in another scope, with no rows at hand."""
        return Context(self.compiler, scope)
