"""search and find: a predicate over many tables at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.kql import syntax
from tiercel.kql.walk import walk
from tiercel.plan.compiler import OPEN
from tiercel.plan.expressions.logic import truth
from tiercel.plan.functions.forms import dynamic_of
from tiercel.plan.literals import null, text
from tiercel.plan.naming import references
from tiercel.plan.nodes.json import JsonObject
from tiercel.plan.operators.columns import field_of
from tiercel.plan.operators.union import stacked, tables_named
from tiercel.plan.scope import FunctionBinding
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiercel.plan.context import Context
    from tiercel.plan.relation import Field, Relation

__all__ = ["find", "search"]

_NOWHERE: Final[Mapping[str, KustoType]] = {}
"""The columns of no other table."""


def search(context: Context, rows: Relation, node: syntax.Search) -> Relation:
    """The rows of all tables, or of those named, in which the predicate holds; `$table` tells whose they are.

    A text alone is looked for in every column, as terms; `text*`, `*text` and `*text*` loosen an edge.

    Example: `search in (DeviceEvents, DeviceProcessEvents) "psexesvc*"`.
    """
    predicate = _spelled_out(node.predicate)
    if rows is not OPEN:
        found = _filtered(context, rows, predicate)
        return rows if found is None else found
    parts = []
    tables = _tables(context, node.tables)
    known = _columns(tables)
    for name, relation in tables:
        kept = _filtered(context, relation, predicate, known)
        if kept is not None:
            parts.append((name, kept))
    if not parts:
        raise Refusal("kql-unknown-column", "no table has the columns that this search names")
    if len(parts) == 1:
        name, only = parts[0]
        return only.with_fields([field_of("$table", text(name)), *only.fields])
    return stacked(context, parts, source="$table")


def _tables(
    context: Context, named: Sequence[syntax.Expression | syntax.WildcardName | syntax.Pipeline]
) -> list[tuple[str, Relation]]:
    """The tables named, or every stored table and every view of the query."""
    if named:
        return [(name or "union_arg0", rows) for one in named for name, rows in tables_named(context, one)]
    found: list[tuple[str, Relation]] = []
    for name in context.scope.names(FunctionBinding):
        binding = context.scope.find(name)
        if isinstance(binding, FunctionBinding) and binding.function.view:
            region = binding.function.region
            found.append((name, context.rows(syntax.Name(region=region, text=name))))
    found.sort(key=lambda one: one[0])
    if not found:
        found = [(name, context.compiler.read(table)) for name, table in context.compiler.tables.items()]
    return [(name, rows) for name, rows in found if not rows.is_open]


def _columns(tables: Sequence[tuple[str, Relation]]) -> dict[str, KustoType]:
    """The type of each column that any of the tables has: the first one's that has it."""
    found: dict[str, KustoType] = {}
    for _, rows in tables:
        for one in (*rows.fields, *rows.hidden):
            found.setdefault(one.name, one.type)
    return found


def _filtered(
    context: Context, rows: Relation, predicate: syntax.Expression, known: Mapping[str, KustoType] = _NOWHERE
) -> Relation | None:
    """The rows in which the predicate holds; None where the table has none of the columns that it names.

    A column that only others of the tables have is null here: `RemoteIP == x or PublicIP == x` asks each for its own.
    """
    compiler = context.compiler
    rows = compiler.seal(rows)
    named = references(predicate)
    lacking = [name for name in named if name in known and rows.find(name) is None]
    if lacking and (len(lacking) < len(named & known.keys()) or _is_anywhere(predicate)):
        added = (field_of(name, null(known[name])) for name in sorted(lacking))
        rows = replace(rows, hidden=(*rows.hidden, *added))
    before = len(compiler.issues)
    value = truth(context.over(rows).predicate(), predicate)
    raised = compiler.issues[before:]
    if raised and all(issue.code == "kql-unknown-column" for issue in raised):
        del compiler.issues[before:]
        compiler.forget(raised)
        return None
    if isinstance(value, Broken):
        return rows
    return replace(rows, where=(*rows.where, value.sql))


def _spelled_out(node: syntax.Expression) -> syntax.Expression:
    """The predicate with its bare texts as what they mean: `* has "text"`."""
    match node:
        case syntax.Literal() if isinstance(node.value, str):
            return _anywhere(node, syntax.Star(region=node.region))
        case syntax.Binary() if node.operator in {"and", "or"}:
            return replace(node, left=_spelled_out(node.left), right=_spelled_out(node.right))
        case syntax.Binary() if node.operator == ":" and isinstance(node.right, syntax.Literal):
            return _anywhere(node.right, node.left)
        case syntax.Parenthesized() if not isinstance(node.expression, syntax.Pipeline):
            return replace(node, expression=_spelled_out(node.expression))
        case syntax.Call() if node.name == "not" and len(node.arguments) == 1:
            inner = node.arguments[0]
            if not isinstance(inner, syntax.Named | syntax.Pipeline):
                return replace(node, arguments=(_spelled_out(inner),))
    return node


def _is_anywhere(node: syntax.Expression) -> bool:
    """Whether a text may be found in any column, which every table can answer."""
    return any(isinstance(one, syntax.Star) for one in walk(node))


def _anywhere(needle: syntax.Literal, where: syntax.Expression) -> syntax.Expression:
    written = str(needle.value)
    before, after = written.startswith("*"), len(written) > 1 and written.endswith("*")
    operator = {(True, True): "contains", (True, False): "hassuffix", (False, True): "hasprefix"}.get(
        (before, after), "has"
    )
    bare = replace(needle, value=written.strip("*"))
    region = needle.region
    return syntax.Binary(region=region, operator=operator, operator_region=region, left=where, right=bare)


def find(context: Context, _rows: Relation, node: syntax.Find) -> Relation:
    """The rows of all tables, or of those named, in which the predicate holds: `source_`, then columns.

    The columns are those projected, or those that the predicate names with all others packed into the bag `pack_`.

    Example: `find in (DeviceProcessEvents, DeviceFileEvents) where SHA1 == "..." project DeviceName, Timestamp`.
    """
    predicate = _spelled_out(node.predicate)
    source = next((hint.value for hint in node.hints if hint.name == "withsource"), "source_")
    used = references(predicate)
    parts = []
    tables = _tables(context, node.tables)
    known = _columns(tables)
    for name, relation in tables:
        kept = _filtered(context, relation, predicate, known)
        if kept is None:
            continue
        fields = _projected(context, kept, node) if node.columns else _smart(kept, used)
        parts.append((name, kept.with_fields(fields)))
    if not parts:
        raise Refusal("kql-unknown-column", "no table has the columns that this find names")
    if len(parts) == 1:
        name, only = parts[0]
        return only.with_fields([field_of(source, text(name)), *only.fields])
    return stacked(context, parts, source=source)


def _projected(context: Context, rows: Relation, node: syntax.Find) -> list[Field]:
    """The columns written; a table that lacks one gives null for it."""
    fields: list[Field] = []
    for item in node.columns:
        inner = item.expression if isinstance(item, syntax.Named) else item
        kind = KustoType.STRING
        if isinstance(inner, syntax.ToTyped):
            kind, inner = inner.type, inner.expression
        if not isinstance(inner, syntax.Name):
            context.compiler.report("kql-argument-type", "a column's name is expected here", item.region)
            continue
        name = item.names[0].text if isinstance(item, syntax.Named) else inner.text
        found = rows.find(inner.text)
        fields.append(field_of(name, found.typed() if found is not None else null(kind)))
    return fields


def _smart(rows: Relation, used: set[str]) -> list[Field]:
    named = [one for one in rows.fields if one.name in used]
    parts: list[exp.Expr] = []
    for one in rows.fields:
        if one.name not in used and not one.broken:
            parts += [exp.Literal.string(one.name), dynamic_of(one.typed()).sql]
    return [*named, field_of("pack_", Typed(JsonObject(expressions=parts), KustoType.DYNAMIC))]
