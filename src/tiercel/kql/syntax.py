"""The tree of a KQL text: frozen nodes, each with the region of the text that it was read from.

Names of nodes follow KQL's own words. A node holds what was written, not what it means: names are unresolved, types
unknown, sugar is kept. `Region` counts characters from the start of the text; `tiercel.kql.source.Source` turns it into
a place in the user's file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from tiercel.tables import KustoType


class Region(NamedTuple):
    """Half-open range of character offsets in the text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Anything that was read from the text."""

    region: Region


# --- expressions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(Node):
    """A value written down, as a Python value.

    bool -> bool, int and long -> int, real -> float, decimal -> decimal.Decimal, string -> str, guid -> str (lower
    case), datetime -> int (100 ns ticks since 0001-01-01), timespan -> int (100 ns ticks), dynamic -> the parsed JSON
    value, times and spans in it as Kusto's text of them. `None` is the typed null, `int(null)`.
    """

    value: object
    type: KustoType


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Node):
    """An unresolved name: a column, a let variable, a table. `quoted` for `['a b']`."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Star(Node):
    """`*` as an argument: all columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WildcardName(Node):
    """A name pattern with `*` in it: `Device*` in union, project-away and their kin."""

    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Node):
    """`base.name` or `base["name"]` with a literal text: a property of a dynamic value, or `$left.x`, `$right.x`."""

    base: Expression
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Index(Node):
    """`base[index]` where index is any expression but a literal text."""

    base: Expression
    index: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Node):
    """A function call. An argument may be a `Pipeline` (as in `toscalar(T | count)`), a `Named` or a `Star`.

    `target` is what stands before the dot of `cluster("c").database("d")`.
    """

    name: str
    name_region: Region
    arguments: tuple[Argument, ...]
    target: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unary(Node):
    """`-x` or `+x`. `not(x)` is a Call; a sign before a written number belongs to the Literal."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(Node):
    """`left op right`, the operator as KQL writes it.

    `and or + - * / % == != < <= > >= =~ !~ has contains startswith endswith hasprefix hassuffix`, the last six with
    their `!` and `_cs` forms, `matches regex`, and the old `like notlike likecs notlikecs`. `<>` reads as `!=`.

    A chain of one of `and`, `or` is a tree of least depth (`a or b or c or d` as `(a or b) or (c or d)`): thousands in
    a row occur. `:` occurs in `search` only.
    """

    operator: str
    operator_region: Region
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Between(Node):
    """`operand between (low .. high)`, or `!between`."""

    operand: Expression
    low: Expression
    high: Expression
    negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class In(Node):
    """`operand in (items)`: operator is `in !in in~ !in~ has_any has_all`. An item may be a `Pipeline`.

    `operand` is a `Star` for `* in (...)`-like forms.
    """

    operator: str
    operator_region: Region
    operand: Expression
    items: tuple[Expression | Pipeline, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Node):
    """`name = expression`, or `(a, b) = expression` with several names."""

    names: tuple[Name, ...]
    expression: Expression | Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Parenthesized(Node):
    """`(expression)`, kept since a pipeline in parentheses differs from one without."""

    expression: Expression | Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class ToTyped(Node):
    """`expression to typeof(type)`, as in mv-expand."""

    expression: Expression
    type: KustoType


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeOf(Node):
    """`typeof(string)`; `typeof(*)` and row types in plugins have `type` None and the columns in `columns`."""

    type: KustoType | None
    columns: tuple[ColumnDeclaration, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDeclaration(Node):
    """`name: type` in datatable, a row type, or a parse pattern."""

    name: Name
    type: KustoType


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Node):
    """A function's or a query's parameter. Tabular when `columns` is not None (`(*)` gives an empty tuple)."""

    name: Name
    type: KustoType | None
    columns: tuple[ColumnDeclaration, ...] | None = None
    default: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lambda(Node):
    """`(parameters) { statements }`: what `let f = ...` binds. The last statement of `body` is the result."""

    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]
    view: bool = False


# --- tabular sources -------------------------------------------------------------------------------------------------
# A pipeline's source is one of these, or a Name (table or let), a Call (function, materialize), a Parenthesized
# pipeline, a Member (database("x").T, workspace("x").T, cluster().database().T are chains of Call and Member).


@dataclass(frozen=True, slots=True, kw_only=True)
class Datatable(Node):
    """`datatable(columns) [values]`; values are constant expressions, row by row."""

    columns: tuple[ColumnDeclaration, ...]
    values: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalData(Node):
    """`externaldata(columns) [urls] with (properties)`."""

    columns: tuple[ColumnDeclaration, ...]
    uris: tuple[Expression, ...]
    properties: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Print(Node):
    """`print a, b = c`."""

    columns: tuple[Expression | Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range(Node):
    """`range x from a to b step c`."""

    name: Name
    low: Expression
    high: Expression
    step: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint(Node):
    """`name = value` after an operator's word: `kind=inner`, `hint.strategy=shuffle`, `isfuzzy=true`."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Union(Node):
    """`union T1, T2`, as a source, or after a pipe (then the input comes first)."""

    hints: tuple[Hint, ...]
    tables: tuple[Expression | Pipeline | WildcardName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Node):
    """`search [kind=...] [in (tables)] predicate`, as a source or after a pipe."""

    hints: tuple[Hint, ...]
    tables: tuple[Expression | WildcardName, ...]
    predicate: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Find(Node):
    """`find [withsource=x] [in (tables)] where predicate [project ...]`."""

    hints: tuple[Hint, ...]
    tables: tuple[Expression | WildcardName | Pipeline, ...]
    predicate: Expression
    columns: tuple[Expression | Named, ...] = ()
    project_smart: bool = False


# --- tabular operators -----------------------------------------------------------------------------------------------


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


# --- statements ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Let(Node):
    """`let name = value;`. Whether a bare name is a table or a scalar is not known here."""

    name: Name
    value: Expression | Pipeline | Lambda


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareQueryParameters(Node):
    """`declare query_parameters(name:type = default, ...);`."""

    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternRule(Node):
    """`("argument").["path"] = { statements }` in a pattern."""

    arguments: tuple[Literal, ...]
    path: Literal | None
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarePattern(Node):
    """`declare pattern name = (parameters)[path] { rules };`: a function whose body its arguments choose."""

    name: Name
    parameters: tuple[Parameter, ...]
    path: Parameter | None
    rules: tuple[PatternRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOption(Node):
    """`set name [= value];`."""

    name: str
    value: Literal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias(Node):
    """`alias database name = cluster(...).database(...);`."""

    name: Name
    expression: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionStatement(Node):
    """A query: what is left when every `let` is done. In a lambda's body it may be scalar."""

    expression: Expression | Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Node):
    """A whole text: its statements in order. Exactly the last one is an ExpressionStatement in a runnable query."""

    statements: tuple[Statement, ...]


Expression: TypeAlias = (
    Literal
    | Name
    | Star
    | WildcardName
    | Member
    | Index
    | Call
    | Unary
    | Binary
    | Between
    | In
    | Parenthesized
    | ToTyped
    | TypeOf
    | Lambda
)
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
Statement: TypeAlias = Let | DeclareQueryParameters | DeclarePattern | SetOption | Alias | ExpressionStatement
Argument: TypeAlias = Expression | Pipeline | Named
