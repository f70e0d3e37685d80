"""Nodes of tabular operators, and the pipeline they stand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from tiercel.kql.syntax.expressions import Node
from tiercel.kql.syntax.sources import Datatable, ExternalData, Find, Print, Range, Search, Union
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from tiercel.kql.syntax.expressions import (
        Call,
        ColumnDeclaration,
        Expression,
        Literal,
        Name,
        Named,
        Parameter,
        Star,
        WildcardName,
    )
    from tiercel.kql.syntax.sources import Hint

__all__ = [
    "As",
    "Consume",
    "Count",
    "Distinct",
    "Evaluate",
    "Extend",
    "Fork",
    "GetSchema",
    "Invoke",
    "Join",
    "MakeSeries",
    "MakeSeriesAggregate",
    "MvApply",
    "MvExpand",
    "MvItem",
    "Operator",
    "Ordered",
    "Parse",
    "ParseColumn",
    "ParseKv",
    "Partition",
    "Pipeline",
    "Project",
    "Render",
    "Sample",
    "Scan",
    "ScanStep",
    "Serialize",
    "Sort",
    "Source",
    "Summarize",
    "Take",
    "Top",
    "TopHitters",
    "TopNested",
    "TopNestedClause",
    "UnknownOperator",
    "Where",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where(Node):
    """`where predicate`, `filter predicate`."""

    predicate: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Project(Node):
    """`project`, `project-away`, `project-keep`, `project-rename`, `project-reorder`, `project-smart` by `kind`.

    Items of project and project-rename are expressions or `Named`; of the others names and wildcards, of
    project-reorder `Ordered`.
    """

    kind: str
    items: tuple[Expression | Named | WildcardName | Ordered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend(Node):
    """`extend`."""

    items: tuple[Expression | Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summarize(Node):
    """`summarize aggregates by groups`."""

    hints: tuple[Hint, ...]
    aggregates: tuple[Expression | Named, ...]
    groups: tuple[Expression | Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct(Node):
    """`distinct a, b` or `distinct *`."""

    hints: tuple[Hint, ...]
    columns: tuple[Expression | Named | Star | WildcardName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(Node):
    """`join` and `lookup` (`is_lookup`).

    `kind` is as written, None when absent; `on` are names or `$left.a == $right.b`.
    """

    is_lookup: bool
    kind: str | None
    hints: tuple[Hint, ...]
    right: Expression | Pipeline
    on: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered(Node):
    """A sort key. `descending` and `nulls_first` are None where not written."""

    expression: Expression | Named
    descending: bool | None = None
    nulls_first: bool | None = None
    granny: bool = False  # `granny-asc`/`granny-desc` of project-reorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort(Node):
    """`sort by`, `order by`."""

    hints: tuple[Hint, ...]
    keys: tuple[Ordered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Take(Node):
    """`take n`, `limit n`."""

    count: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Top(Node):
    """`top n by key`."""

    count: Expression
    keys: tuple[Ordered, ...]
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TopNestedClause(Node):
    """One `top-nested n of expr [with others = x] by aggregate` level; `count` None means all."""

    count: Expression | None
    of: Expression | Named
    others: Expression | None
    by: Expression | Named
    descending: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopNested(Node):
    """`top-nested ..., top-nested ...`."""

    clauses: tuple[TopNestedClause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopHitters(Node):
    """`top-hitters n of expr [by sum_expr]`."""

    count: Expression
    of: Expression
    by: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Node):
    """`count [as name]`."""

    name: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MvItem(Node):
    """One column of mv-expand or mv-apply: expression, new name, `to typeof(...)`."""

    name: Name | None
    expression: Expression
    type: KustoType | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MvExpand(Node):
    """`mv-expand [bagexpansion=..] [with_itemindex=i] items [limit n]`."""

    hints: tuple[Hint, ...]
    items: tuple[MvItem, ...]
    limit: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MvApply(Node):
    """`mv-apply items [limit n] on ( operators )`."""

    hints: tuple[Hint, ...]
    items: tuple[MvItem, ...]
    limit: Expression | None
    operators: tuple[Operator, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseColumn(Node):
    """`name[:type]` in a parse pattern; None is `*`, text stands in `Literal`."""

    name: Name | None
    type: KustoType = KustoType.STRING


@dataclass(frozen=True, slots=True, kw_only=True)
class Parse(Node):
    """`parse` and `parse-where` (`filtering`): the hint `kind` is simple, regex or relaxed."""

    filtering: bool
    hints: tuple[Hint, ...]
    expression: Expression
    pattern: tuple[Literal | ParseColumn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseKv(Node):
    """`parse-kv expr as (columns) with (properties)`."""

    expression: Expression
    columns: tuple[ColumnDeclaration, ...]
    properties: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSeriesAggregate(Node):
    """`[name =] aggregate [default = value]`."""

    aggregate: Expression | Named
    default: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSeries(Node):
    """`make-series aggs on axis [from a] [to b] step c [by groups]`."""

    hints: tuple[Hint, ...]
    aggregates: tuple[MakeSeriesAggregate, ...]
    axis: Expression | Named
    low: Expression | None
    high: Expression | None
    step: Expression
    groups: tuple[Expression | Named, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Serialize(Node):
    """`serialize [items]`."""

    items: tuple[Expression | Named, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoke(Node):
    """`invoke f(args)`."""

    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate(Node):
    """`evaluate plugin(args) [: schema]`."""

    hints: tuple[Hint, ...]
    call: Call
    columns: tuple[ColumnDeclaration, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class As(Node):
    """`as name`."""

    name: Name
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Render(Node):
    """`render kind [with (properties)]`: kept as a hint for whoever shows the rows."""

    kind: str
    properties: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSchema(Node):
    """`getschema`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consume(Node):
    """`consume`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Node):
    """`sample n`, or `sample-distinct n of column` when `of` is given."""

    count: Expression
    of: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition(Node):
    """`partition [hints] by key ( operators )`."""

    hints: tuple[Hint, ...]
    key: Expression
    operators: tuple[Operator, ...]
    source: Pipeline | None = None  # the legacy `{ T | ... }` form


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanStep(Node):
    """`step name [optional] [output=all|last|none]: condition => column = value, ...;`."""

    name: Name
    optional: bool
    output: str | None
    condition: Expression
    assignments: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan(Node):
    """`scan [with_match_id = x] [declare (columns)] with ( steps )`."""

    match_id: Name | None
    declarations: tuple[Parameter, ...]
    steps: tuple[ScanStep, ...]
    partition_by: tuple[Expression, ...] = ()
    order_by: tuple[Ordered, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork(Node):
    """`fork name=(operators) ...` and `facet by ...`: read, refused later (several results)."""

    branches: tuple[tuple[Name | None, tuple[Operator, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownOperator(Node):
    """An operator's word that KQL knows and this tree has no shape for; its text is kept for the refusal."""

    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline(Node):
    """`source | operator | operator`. Also a source alone, where the grammar wants a table."""

    source: Expression | Source
    operators: tuple[Operator, ...]


Source: TypeAlias = Datatable | ExternalData | Print | Range | Union | Search | Find | Evaluate
Operator: TypeAlias = (
    Where
    | Project
    | Extend
    | Summarize
    | Distinct
    | Join
    | Union
    | Search
    | Sort
    | Take
    | Top
    | TopNested
    | TopHitters
    | Count
    | MvExpand
    | MvApply
    | Parse
    | ParseKv
    | MakeSeries
    | Serialize
    | Invoke
    | Evaluate
    | As
    | Render
    | GetSchema
    | Consume
    | Sample
    | Partition
    | Scan
    | Fork
    | UnknownOperator
)
