"""externaldata, of which the user gives a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.plan.compiler import OPEN
from tiercel.plan.functions import FUNCTIONS
from tiercel.plan.functions.registry import Function
from tiercel.plan.operators.columns import field_of
from tiercel.plan.operators.union import stacked
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from tiercel.kql import syntax
    from tiercel.plan.context import Context
    from tiercel.plan.relation import Relation
    from tiercel.tables import Table

__all__ = ["external_data"]

_CONVERSIONS: Final = {kind: FUNCTIONS[f"to{kind}"] for kind in KustoType}


def external_data(context: Context, _rows: Relation, node: syntax.ExternalData) -> Relation:
    """The rows of files elsewhere, of which the user gives copies: `--table feed.csv=FILE` for `https://.../feed.csv`.

    Where we differ: a query never reads an address; a file without a copy is refused. A copy's first line names its
    columns; where they have other names than those declared, they are taken in their order.

    Example: `externaldata(Domain:string) ["https://example.org/feed.csv"] with (ignoreFirstRecord=true)`.
    """
    parts: list[tuple[str, Relation]] = []
    for uri in node.uris:
        address = context.over(None).lower(uri)
        if isinstance(address, Broken):
            return OPEN
        if not isinstance(address.value, str):
            raise Refusal("kql-not-constant", "the address of `externaldata` must be a constant string", "", uri.region)
        parts.append(("", _copy(context, node, _given(context, address.value, uri))))
    if not parts:
        raise Refusal("kql-argument-count", "`externaldata` takes an address at least")
    return parts[0][1] if len(parts) == 1 else stacked(context, parts)


def _given(context: Context, address: str, node: syntax.Node) -> Table:
    """The copy of the file at the address: a table given under it, or under the file's name."""
    bare = address.partition(";")[0]
    name = bare.split("?")[0].rstrip("/").rsplit("/", 1)[-1]
    tables = context.compiler.tables
    found = tables.get(bare) or tables.get(name)
    if found is None:
        hint = f"give a copy of it: --table {name or 'NAME'}=FILE.csv"
        message = "`externaldata` is not supported: a query reads the imported tables only, never an address"
        raise Refusal("kql-unsupported", message, hint, node.region)
    return found


def _copy(context: Context, node: syntax.ExternalData, table: Table) -> Relation:
    rows = context.compiler.read(table)
    declared = [(one.name.text, one.type) for one in node.columns]
    fields = [rows.find(name) for name, _ in declared]
    if any(one is None for one in fields):
        fields = [*rows.fields[: len(declared)]]
        if len(fields) < len(declared):
            message = f"the copy of the file has {len(fields)} columns, {len(declared)} are declared"
            raise Refusal("kql-argument-count", message, "", node.region)
    return rows.with_fields(
        [
            field_of(name, _converted(context, one.typed(), kind))
            for (name, kind), one in zip(declared, fields, strict=True)
            if one is not None
        ]
    )


def _converted(context: Context, value: Typed, kind: KustoType) -> Typed:
    conversion = _CONVERSIONS[kind]
    if value.type is kind or not isinstance(conversion, Function):
        return value
    return conversion.lower(context.compiler.environment, [value])
