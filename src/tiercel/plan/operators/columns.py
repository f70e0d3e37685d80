"""Operators on columns: extend, project and its family, serialize."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.kql import syntax
from tiercel.plan.expressions.calls import call_results
from tiercel.plan.expressions.names import in_other_case
from tiercel.plan.expressions.windows import changes, restarts, sessions
from tiercel.plan.literals import cast
from tiercel.plan.naming import expression_name, free_name, references
from tiercel.plan.nodes.dynamic import Element
from tiercel.plan.relation import Field, Relation
from tiercel.plan.scope import did_you_mean
from tiercel.plan.values import Broken, Refusal
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tiercel.plan.context import Context
    from tiercel.plan.values import Typed

__all__ = [
    "PROJECTIONS",
    "column_named",
    "extend",
    "field_of",
    "lower_project",
    "ready",
    "serialize",
    "several_of",
    "wildcard",
]


def field_of(name: str, value: Typed) -> Field:
    """A column of that name and value."""
    return Field(name, value.type, value.sql, broken=isinstance(value, Broken))


def column_named(rows: Relation, node: syntax.Expression) -> Field:
    """The column that the expression is the name of. Raises Refusal where it is no name, or none of a column here."""
    if not isinstance(node, syntax.Name):
        raise Refusal("kql-argument-type", "a column's name is expected here", region=node.region)
    found = rows.find(node.text)
    if found is None:
        message = f"no column here is called `{node.text}`"
        raise Refusal("kql-unknown-column", message, did_you_mean(node.text, rows.names), node.region)
    return found


def wildcard(pattern: str) -> re.Pattern[str]:
    """The regular expression of a name pattern with `*`."""
    return re.compile("".join(".*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", pattern)))


def ready(context: Context, rows: Relation, nodes: Iterable[syntax.Node]) -> Relation:
    """The rows in a form in which these expressions can be added to their SELECT.

    A computed column that they name, and windows they need first, are put into a scope of their own.
    """
    nodes = list(nodes)
    if not all(one.is_plain for one in rows.fields):
        used = set().union(*(references(node) for node in nodes)) if nodes else set()
        if "*" in used or any(one.name in used and not one.is_plain for one in rows.fields):
            rows = context.compiler.seal(rows)
    for call in _calls(nodes):
        rows = sessions(context, changes(context, restarts(context, rows, call), call), call)
    return rows


def _calls(nodes: Iterable[object]) -> Iterable[syntax.Call]:
    for node in nodes:
        if isinstance(node, syntax.Call):
            yield node
        if isinstance(node, tuple):
            yield from _calls(node)
        elif isinstance(node, syntax.Node) and not isinstance(node, syntax.Literal | syntax.Name):
            yield from _calls(getattr(node, name) for name in node.__dataclass_fields__ if "region" not in name)


def extend(context: Context, rows: Relation, node: syntax.Extend) -> Relation:
    """The same rows with more columns; one of an existing name takes its place.

    Example: `extend Server = tolower(InitiatingProcessFileName)`.
    """
    rows = ready(context, rows, node.items)
    added = _computed(context, rows, node.items, taken=rows.names)
    fields = list(rows.fields)
    places = {one.name: at for at, one in enumerate(fields)}
    for one in added:
        if one.name in places:
            fields[places[one.name]] = one
        else:
            places[one.name] = len(fields)
            fields.append(one)
    return rows.with_fields(fields)


def project(context: Context, rows: Relation, node: syntax.Project) -> Relation:
    """The columns written, in that order, and no others.

    Example: `project Timestamp, Server = FileName`.
    """
    rows = ready(context, rows, node.items)
    return rows.with_fields(_computed(context, rows, node.items, taken=()))


def _computed(context: Context, rows: Relation, items: Sequence[syntax.Node], *, taken: Iterable[str]) -> list[Field]:
    """The columns that the items make. Unnamed ones are called after their expression, or counted."""
    place = context.over(rows)
    counted, result = 0, list[Field]()
    explicit = {name.text for item in items if isinstance(item, syntax.Named) for name in item.names}
    existing = set(taken)
    for item in items:
        if isinstance(item, syntax.Star):
            result += [one for one in rows.fields if one.name not in {made.name for made in result}]
            continue
        if isinstance(item, syntax.WildcardName):
            result += _matching(rows, item)
            continue
        several = several_of(place, item)
        if several:
            made = {one.name for one in result}
            result += [field_of(free_name(name, made), value) for name, value in several]
            continue
        if isinstance(item, syntax.Named):
            if isinstance(item.expression, syntax.Pipeline):
                context.compiler.report("kql-not-scalar", "a value is expected here, not a table", item.region)
                continue
            value = place.lower(item.expression)
            result += _named(item, value)
            continue
        value = place.lower(item)  # type: ignore[arg-type]  # refused by `lower` where it is no expression
        name = expression_name(item)
        if not name:
            counted += 1
            name = free_name(f"Column{counted}", existing)
        elif not isinstance(item, syntax.Name):
            name = name if name not in explicit and name not in existing else free_name(name, {*explicit, *existing})
        made = {one.name for one in result}
        result.append(field_of(free_name(name, made), value))
    return _last_of_a_name(context, items, result)


def several_of(place: Context, item: syntax.Node) -> list[tuple[str, Typed]]:
    """The columns of a call that gives several, under the names written or its own; nothing for any other item."""
    names = item.names if isinstance(item, syntax.Named) else ()
    if len(names) == 1:
        return []
    try:
        found = call_results(place, item.expression if isinstance(item, syntax.Named) else item) or ()
    except Refusal as refusal:
        place.compiler.refuse(refusal, item.region)
        return []
    return [(names[at].text if at < len(names) else name, value) for at, (name, value) in enumerate(found)]


def _last_of_a_name(context: Context, items: Sequence[syntax.Node], fields: list[Field]) -> list[Field]:
    names = [one.name for one in fields]
    for item in items:
        for name in item.names if isinstance(item, syntax.Named) else ():
            if names.count(name.text) > 1:
                context.compiler.report("kql-duplicate-column", f"two columns are called `{name.text}`", name.region)
    return fields


def _named(item: syntax.Named, value: Typed) -> list[Field]:
    """`name = value`, or `(a, b) = value`: the elements of a dynamic array, one a name."""
    if len(item.names) == 1:
        return [field_of(item.names[0].text, value)]
    if isinstance(value, Broken):
        return [field_of(name.text, value) for name in item.names]
    if value.type is not KustoType.DYNAMIC:
        raise Refusal("kql-type", f"several names need a function with several results, found a {value.type}")
    fields = []
    for at, name in enumerate(item.names):
        element = Element(this=value.sql.copy(), expression=cast(exp.Literal.number(at), KustoType.LONG))
        fields.append(Field(name.text, KustoType.DYNAMIC, element))
    return fields


def _matching(rows: Relation, item: syntax.WildcardName) -> list[Field]:
    pattern = wildcard(item.pattern)
    return [one for one in rows.fields if pattern.fullmatch(one.name)]


def _selected(context: Context, rows: Relation, items: Iterable[syntax.Node]) -> list[Field]:
    """The columns that names and wildcards select, in the order written, each once."""
    found: dict[str, Field] = {}
    for item in items:
        if isinstance(item, syntax.WildcardName):
            found.update((one.name, one) for one in _matching(rows, item) if one.name not in found)
        elif isinstance(item, syntax.Star):
            found.update((one.name, one) for one in rows.fields if one.name not in found)
        elif isinstance(item, syntax.Name):
            one = rows.find(item.text) or in_other_case(context, rows, item.text, item.region)
            if one is None:
                _unknown(context, rows, item)
            else:
                found.setdefault(one.name, one)
        else:
            context.compiler.report("kql-argument-type", "a column's name is expected here", item.region)
    return list(found.values())


def _unknown(context: Context, rows: Relation, item: syntax.Name) -> None:
    if not rows.is_open:
        hint = did_you_mean(item.text, rows.names)
        context.compiler.report("kql-unknown-column", f"no column here is called `{item.text}`", item.region, hint)


def project_kept(context: Context, rows: Relation, node: syntax.Project) -> Relation:
    """The columns named, or matched by a wildcard, in the order that they have."""
    kept = {one.name for one in _selected(context, rows, node.items)}
    return rows.with_fields(one for one in rows.fields if one.name in kept)


def project_away(context: Context, rows: Relation, node: syntax.Project) -> Relation:
    """All columns but those named, or matched by a wildcard."""
    dropped = {one.name for one in _selected(context, rows, node.items)}
    return rows.with_fields(one for one in rows.fields if one.name not in dropped)


def rename(context: Context, rows: Relation, node: syntax.Project) -> Relation:
    """The same columns, some under another name, in place."""
    new: dict[str, str] = {}
    for item in node.items:
        if not isinstance(item, syntax.Named) or not isinstance(item.expression, syntax.Name):
            context.compiler.report("kql-argument-type", "`new = old` is expected here", item.region)
            continue
        old = item.expression
        found = rows.find(old.text) or in_other_case(context, rows, old.text, old.region)
        if found is None:
            _unknown(context, rows, old)
        else:
            new[found.name] = item.names[0].text
    names = [new.get(one.name, one.name) for one in rows.fields]
    for item in node.items:
        if isinstance(item, syntax.Named) and names.count(item.names[0].text) > 1:
            message = f"there is a column `{item.names[0].text}` already"
            context.compiler.report("kql-duplicate-column", message, item.region)
    return rows.with_fields(replace(one, name=name) for one, name in zip(rows.fields, names, strict=True))


def reorder(context: Context, rows: Relation, node: syntax.Project) -> Relation:
    """All columns, those named first; a wildcard's may be sorted by name (`asc`, `desc`, `granny-asc`)."""
    first: dict[str, Field] = {}
    for item in node.items:
        inner = item.expression if isinstance(item, syntax.Ordered) else item
        chosen = _selected(context, rows, [inner])
        if isinstance(item, syntax.Ordered) and item.descending is not None and not isinstance(inner, syntax.Name):
            key = _granny if item.granny else _plain
            chosen.sort(key=lambda one: key(one.name), reverse=item.descending)
        for one in chosen:
            first.setdefault(one.name, one)
    rest = [one for one in rows.fields if one.name not in first]
    return rows.with_fields([*first.values(), *rest])


def _plain(name: str) -> list[object]:
    return [name.lower()]


def _granny(name: str) -> list[object]:
    """A key that puts `a2` before `a10`."""
    return [(int(part), "") if part.isdigit() else (-1, part.lower()) for part in re.split(r"(\d+)", name)]


PROJECTIONS: Final[dict[str, Callable[[Context, Relation, syntax.Project], Relation]]] = {
    "project": project,
    "project-smart": project,
    "project-keep": project_kept,
    "project-away": project_away,
    "project-rename": rename,
    "project-reorder": reorder,
}
"""The operators that choose columns, by their words."""


def lower_project(context: Context, rows: Relation, node: syntax.Project) -> Relation:
    """The operator that `kind` names."""
    return PROJECTIONS[node.kind](context, rows, node)


def serialize(context: Context, rows: Relation, node: syntax.Serialize) -> Relation:
    """The rows as an ordered set, which `row_number()`, `prev()` and their kin need; with items, as `extend`."""
    rows = replace(rows, is_serialized=True)
    return extend(context, rows, syntax.Extend(region=node.region, items=node.items)) if node.items else rows
