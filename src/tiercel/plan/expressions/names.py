"""Names and what is reached from them: columns, let values, properties and elements of dynamic values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.errors import Severity
from tiercel.kql import syntax
from tiercel.plan.functions import AGGREGATES, FUNCTIONS
from tiercel.plan.functions.forms import INTEGERS, as_type, text_of
from tiercel.plan.literals import constant
from tiercel.plan.nodes.dynamic import Element, Property
from tiercel.plan.scope import FunctionBinding, ScalarBinding, TableBinding, did_you_mean
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from tiercel.plan.context import Context
    from tiercel.plan.relation import Field, Relation

__all__ = ["BROKEN", "in_other_case", "lower_index", "lower_literal", "lower_member", "lower_name"]

_DYNAMIC_ELSEWHERE: Final = frozenset(
    {"AdditionalFields", "LoggedOnUsers", "ConnectedNetworks", "DnsAddresses", "DefaultGateways", "IPAddresses"}
)
"""Columns of Defender's tables that are strings there and dynamic in Log Analytics (Azure Monitor, table reference)."""

_FEW: Final = 8
"""So many columns are named in a hint."""

BROKEN = Broken(exp.Null(), KustoType.DYNAMIC)


def lower_literal(_context: Context, node: syntax.Literal) -> Typed:
    """A value written down."""
    return constant(node.value, node.type)


def lower_name(context: Context, node: syntax.Name, member: str = "") -> Typed:
    """A column of the rows at hand, or else a let value. `member` is what is asked of it: `node.member`."""
    relation = context.relation
    if relation is not None:
        found = relation.find(node.text)
        if found is not None:
            if context.aggregating and not found.broken:
                message = f"`{node.text}` differs from row to row, and one value a group is expected"
                raise Refusal("kql-not-aggregated", message, "put it into an aggregate, or behind `by`")
            return BROKEN if found.broken else found.typed()
    binding = context.scope.find(node.text)
    if isinstance(binding, ScalarBinding):
        value = binding.value
        if not value.is_constant:
            context.compiler.spend(binding.size)
        return value if isinstance(value, Broken) else value.with_sql(value.sql.copy())
    if relation is not None and relation.is_open:
        return BROKEN
    if isinstance(binding, TableBinding):
        hint = f"`toscalar({node.text} | ...)` gives one value of it"
        raise Refusal("kql-not-scalar", f"`{node.text}` is a table, and a value is expected here", hint)
    if isinstance(binding, FunctionBinding):
        call = syntax.Call(region=node.region, name=node.text, name_region=node.region, arguments=())
        return context.lower(call)
    scalars = context.scope.names(ScalarBinding)
    if relation is None:
        known = [*scalars, *context.scope.names(TableBinding), *context.compiler.table_names()]
        message = f"no table and no value is called `{node.text}`"
        raise Refusal("kql-unknown-name", message, did_you_mean(node.text, known))
    if (found := in_other_case(context, relation, node.text, node.region)) is not None:
        return BROKEN if found.broken else found.typed()
    of_table = f" of {relation.name}" if relation.name else " here"
    hint = did_you_mean(node.text, [*relation.names, *(one.name for one in relation.hidden), *scalars])
    hint = hint or _other_hint(relation, node.text, member)
    raise Refusal("kql-unknown-column", f"no column{of_table} is called `{node.text}`", hint)


def _other_hint(relation: Relation, name: str, member: str) -> str:
    """What else may have been meant by a name that is near no column: a text, a function, or what the columns are."""
    if member:
        return f'a text stands in quotes: `"{name}.{member}"`'
    if name in AGGREGATES or name in FUNCTIONS:
        return f"a function is called with brackets: `{name}(...)`"
    return f"the columns are {', '.join(relation.names)}" if 0 < len(relation.names) <= _FEW else ""


def in_other_case(context: Context, rows: Relation, name: str, region: syntax.Region) -> Field | None:
    """The one column whose name differs from this in its case alone, with a warning: Kusto would refuse it."""
    folded = name.lower()
    close = [one for one in (*rows.fields, *rows.hidden) if one.name.lower() == folded]
    if len(close) != 1:
        return None
    message = f"no column is called `{name}`: names are case-sensitive in Kusto, and `{close[0].name}` is read here"
    context.compiler.report("kql-name-case", message, region, f"write `{close[0].name}`", Severity.WARNING)
    return close[0]


def lower_member(context: Context, node: syntax.Member) -> Typed:
    """`base.name`: a property of a dynamic value. A string that holds JSON must be parsed first."""
    base = node.base
    if isinstance(base, syntax.Name) and base.text in {"$left", "$right"}:
        raise Refusal("kql-misplaced", f"`{base.text}` stands only in the `on` of a join or lookup")
    place = context.plain()
    if isinstance(base, syntax.Name) and not base.quoted and not _is_known(place, base.text):
        return lower_name(place, base, node.name)
    value = place.lower(base)
    if isinstance(value, Broken):
        return value
    value = _read_as_json(context, base, value)
    if value.type is not KustoType.DYNAMIC:
        hint = f"parse it first: `parse_json(...).{node.name}`" if value.type is KustoType.STRING else ""
        raise Refusal("kql-type", f"only a dynamic value has properties; this is a {value.type}", hint)
    if value.is_constant:
        found = value.value.get(node.name) if isinstance(value.value, dict) else None
        return constant(found, KustoType.DYNAMIC)
    return Typed(Property(this=value.sql, expression=exp.Literal.string(node.name)), KustoType.DYNAMIC)


def _is_known(context: Context, name: str) -> bool:
    """Whether the name stands for something there, or may do so."""
    relation = context.relation
    if relation is None or relation.is_open or relation.find(name) is not None:
        return True
    folded = name.lower()
    return context.scope.find(name) is not None or any(one.name.lower() == folded for one in relation.fields)


def _read_as_json(context: Context, node: syntax.Expression, value: Typed) -> Typed:
    """A column that is a string in Defender and dynamic in Log Analytics, as the latter has it; others as they are."""
    if value.type is not KustoType.STRING or not isinstance(node, syntax.Name) or node.text not in _DYNAMIC_ELSEWHERE:
        return value
    message = f"`{node.text}` is a string in Defender's tables; it is parsed, as Log Analytics holds it"
    hint = f"write `parse_json({node.text})`, which runs in both"
    context.compiler.report("kql-read-as-json", message, node.region, hint, Severity.WARNING)
    call = syntax.Call(region=node.region, name="parse_json", name_region=node.region, arguments=(node,))
    return context.plain().lower(call)


def lower_index(context: Context, node: syntax.Index) -> Typed:
    """`base[index]`: an element of an array (negative from the end), or a property whose name is computed."""
    place = context.plain()
    base, index = place.lower(node.base), place.lower(node.index)
    if isinstance(base, Broken) or isinstance(index, Broken):
        return BROKEN
    base = _read_as_json(context, node.base, base)
    if base.type is not KustoType.DYNAMIC:
        hint = "use substring() for a part of a string" if base.type is KustoType.STRING else ""
        raise Refusal("kql-type", f"only a dynamic value has elements; this is a {base.type}", hint)
    if index.type in INTEGERS:
        if isinstance(base.value, list) and isinstance(index.value, int):
            inside = -len(base.value) <= index.value < len(base.value)
            return constant(base.value[index.value] if inside else None, KustoType.DYNAMIC)
        return Typed(Element(this=base.sql, expression=as_type(index, KustoType.LONG).sql), KustoType.DYNAMIC)
    if index.type in {KustoType.STRING, KustoType.DYNAMIC}:
        return Typed(Property(this=base.sql, expression=text_of(index).sql), KustoType.DYNAMIC)
    raise Refusal("kql-type", f"an index is a whole number or a string, found a {index.type}", region=node.index.region)
