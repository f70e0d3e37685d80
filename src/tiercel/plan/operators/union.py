"""`union`: rows of several tables, one below the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from tiercel.errors import Severity
from tiercel.kql import syntax
from tiercel.plan.compiler import OPEN
from tiercel.plan.literals import null, text
from tiercel.plan.naming import free_name
from tiercel.plan.operators.columns import field_of, wildcard
from tiercel.plan.scope import FunctionBinding, TableBinding, did_you_mean
from tiercel.plan.values import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.plan.context import Context
    from tiercel.plan.relation import Field, Relation
    from tiercel.tables import KustoType

__all__ = ["stacked", "tables_named", "union"]


def union(context: Context, rows: Relation, node: syntax.Union) -> Relation:
    """All rows of the tables. Columns of one name and type are one; what a table lacks is null.

    `kind=inner` keeps the columns that all have. A name with two types becomes two columns, `name_long` and
    `name_string`. `withsource=` adds the table's name. `isfuzzy=true` forgives a table that does not exist.

    Example: `union withsource=Table DeviceProcessEvents, DeviceNetworkEvents`.
    """
    hints = {hint.name: hint.value for hint in node.hints}
    parts: list[tuple[str, Relation]] = []
    if rows is not OPEN:
        parts.append((rows.label or rows.name or "union_arg0", rows))
    fuzzy = hints.get("isfuzzy", "false").lower() == "true"
    for one in node.tables:
        for name, relation in tables_named(context, one, fuzzy=fuzzy):
            parts.append((name or relation.label or f"union_arg{len(parts)}", relation))
    if not parts:
        raise Refusal("kql-unknown-table", "none of the tables of this union exists")
    known = [(name, relation) for name, relation in parts if not relation.is_open]
    if len(known) < len(parts):
        return OPEN
    kind = hints.get("kind", "outer").lower()
    if kind not in {"inner", "outer"}:
        raise Refusal("kql-argument-type", f"a union is of kind inner or outer, not {kind}")
    source = hints.get("withsource") or hints.get("with_source") or ""
    return stacked(context, known, inner=kind == "inner", source=source)


def tables_named(
    context: Context, node: syntax.Expression | syntax.Pipeline | syntax.WildcardName, *, fuzzy: bool = False
) -> list[tuple[str, Relation]]:
    """The tables that one item of a union names, each with its name: several for a wildcard, none if forgiven."""
    if isinstance(node, syntax.WildcardName):
        pattern = wildcard(node.pattern)
        compiler = context.compiler
        names = [name for name in compiler.tables if pattern.fullmatch(name)]
        names = names or [name for name in compiler.published if pattern.fullmatch(name)]
        tables = [table for name in names if (table := compiler.table(name)) is not None]
        found = [(table.name, context.compiler.read(table)) for table in tables]
        views = [name for name in context.scope.names((FunctionBinding,)) if pattern.fullmatch(name)]
        for name in views:
            binding = context.scope.find(name)
            if isinstance(binding, FunctionBinding) and binding.function.view:
                call = syntax.Call(region=node.region, name=name, name_region=node.region, arguments=())
                found.append((name, context.rows(call)))
        if not found:
            message = f"no table's name fits `{node.pattern}`"
            raise Refusal("kql-unknown-table", message, region=node.region)
        return found
    inner: syntax.Node = node
    while isinstance(inner, syntax.Parenthesized):
        inner = inner.expression
    if isinstance(inner, syntax.Name):
        known = context.compiler.table(inner.text) is not None or context.scope.find(inner.text) is not None
        if fuzzy and not known:
            hint = did_you_mean(inner.text, context.compiler.table_names())
            message = f"no table is called `{inner.text}`: the union leaves it out"
            context.compiler.report("kql-unknown-table", message, inner.region, hint, Severity.WARNING)
            return []
        name = inner.text if isinstance(context.scope.find(inner.text), TableBinding) or known else ""
        return [(name, context.rows(inner))]
    if fuzzy:
        return _forgiven(context, inner)
    return [("", context.rows(inner))]


def _forgiven(context: Context, node: syntax.Node) -> list[tuple[str, Relation]]:
    """A part of a fuzzy union: left out, with its issues as warnings, where it cannot be compiled."""
    before = len(context.compiler.issues)
    rows = context.rows(node)
    if not rows.is_open:
        return [("", rows)]
    issues = context.compiler.issues
    issues[before:] = [replace(one, severity=Severity.WARNING) for one in issues[before:]]
    return []


def stacked(
    context: Context, parts: Sequence[tuple[str, Relation]], *, inner: bool = False, source: str = ""
) -> Relation:
    """The rows of all parts, columns brought in line by name and type."""
    if any(relation.partition for _, relation in parts):
        raise Refusal("kql-unsupported", "a union within mv-apply or partition is not supported")
    columns = _columns([relation for _, relation in parts], inner=inner)
    hidden = _shared_hidden([relation for _, relation in parts])
    stack: exp.Query | None = None
    names: list[str] = []
    shape = OPEN
    for name, relation in parts:
        fields = [_aligned(relation, column, final, kind) for column, final, kind in columns]
        if source:
            fields.insert(0, field_of(source, text(name)))
        extra = tuple(next(one for one in relation.hidden if one.name == kept.name) for kept in hidden)
        part = replace(relation, fields=tuple(fields), hidden=extra, order=(), is_serialized=False, name="")
        select, names = part.select()
        stack = select if stack is None else exp.Union(this=stack, expression=select, distinct=False)
        shape = part if shape is OPEN else shape
    if stack is None or len(parts) == 1:
        return shape
    return context.compiler.add(stack, names, shape)


def _columns(relations: Sequence[Relation], *, inner: bool) -> list[tuple[str, str, KustoType]]:
    """The columns of the union: the name in the parts, the name in the result, the type."""
    kinds: dict[str, list[KustoType]] = {}
    for relation in relations:
        for one in relation.fields:
            of_name = kinds.setdefault(one.name, [])
            if one.type not in of_name:
                of_name.append(one.type)
    if inner:
        return [
            (one.name, one.name, one.type)
            for one in relations[0].fields
            if len(kinds[one.name]) == 1 and all(relation.find(one.name) for relation in relations)
        ]
    result: list[tuple[str, str, KustoType]] = []
    for name, of_name in kinds.items():
        if len(of_name) == 1:
            result.append((name, name, of_name[0]))
        else:
            result += [(name, free_name(f"{name}_{kind}", kinds), kind) for kind in of_name]
    return result


def _aligned(relation: Relation, name: str, final: str, kind: KustoType) -> Field:
    found = next((one for one in relation.fields if one.name == name and one.type is kind), None)
    if found is None:
        return field_of(final, null(kind))
    return replace(found, name=final)


def _shared_hidden(relations: Sequence[Relation]) -> tuple[Field, ...]:
    """The hidden columns that all parts have: rows of stored tables stay such rows."""
    return tuple(
        one for one in relations[0].hidden if all(any(o.name == one.name for o in r.hidden) for r in relations[1:])
    )
