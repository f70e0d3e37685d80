"""A record that groups carry, as `arg_min(t, *)` does, holds only the members that somebody takes out of it.

    WITH g AS (SELECT k, ARG_MIN({'c0': t, 'c1': a, 'c2': b, ...}, t) AS r FROM T GROUP BY k),
         o AS (SELECT k, STRUCT_EXTRACT(r, 'c1') AS a, STRUCT_EXTRACT(r, 'c2') AS b, ... FROM g) SELECT a FROM o

Of a table with 67 columns all would be read and carried along, though one is wanted: no engine looks into a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from tiercel.plan.reads import wanted_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["narrow_records"]


def narrow_records(tree: exp.Select) -> exp.Select:
    """The same rows; nobody's members are not taken out of records, and not put into them."""
    steps = {node.alias: node.this for node in tree.find_all(exp.CTE)}
    if not any(body.find(exp.Struct) for body in steps.values()):
        return tree
    selects = {name: body for name, body in steps.items() if isinstance(body, exp.Select)}
    is_narrower = True
    while is_narrower:  # what makes a record wants less once the record is narrow, and that may be another's member
        wanted = wanted_columns(tree)
        for name, body in selects.items():
            _leave_out(body, wanted.get(name))
        each = [_narrow(tree, name, body) for name, body in selects.items()]
        is_narrower = any(each)
    return tree


def _leave_out(body: exp.Select, wanted: frozenset[str] | None) -> None:
    """Takes away the members of records that nobody wants of the step."""
    if wanted is None or any(body.args.get(part) for part in ("distinct", "group", "limit", "offset")):
        return
    kept = [item for item in body.expressions if item.alias_or_name in wanted or not _is_member(item)]
    if kept:
        body.set("expressions", kept)


def _is_member(item: exp.Expr) -> bool:
    value = item.this if isinstance(item, exp.Alias) else item
    if isinstance(value, exp.Coalesce):
        value = value.this
    return isinstance(value, exp.StructExtract) and isinstance(value.this, exp.Column)


def _narrow(tree: exp.Select, name: str, body: exp.Select) -> bool:
    """Whether a record of the step held more than its readers take out of it, which is all that is left in it."""
    records = {item.alias: item.this for item in body.expressions if isinstance(item, exp.Alias) and _is_record(item)}
    if not records:
        return False
    readers = [_reader(table) for table in tree.find_all(exp.Table) if table.name == name]
    if any(reader is None for reader in readers):
        return False
    taken = _taken([reader for reader in readers if reader is not None], records)
    is_narrower = False
    for record, members in taken.items():
        for struct in records[record].find_all(exp.Struct):
            kept = [one for one in struct.expressions if one.name in members]
            is_narrower = is_narrower or len(kept) < len(struct.expressions)
            struct.set("expressions", kept)
    return is_narrower


def _is_record(item: exp.Alias) -> bool:
    value = item.this.this if isinstance(item.this, exp.Coalesce) else item.this
    return isinstance(value, exp.ArgMin | exp.ArgMax | exp.AnyValue) and isinstance(value.this, exp.Struct)


def _reader(table: exp.Table) -> exp.Select | None:
    """The SELECT that reads the table alone, column by column; None for another reader."""
    source = table.parent
    select = source.parent if isinstance(source, exp.From) else None
    if not isinstance(select, exp.Select) or select.args.get("joins"):
        return None
    return None if any(isinstance(item, exp.Star) for item in select.expressions) else select


def _taken(readers: list[exp.Select], records: Mapping[str, exp.Expr]) -> dict[str, set[str]]:
    """The members that are taken out of each record; no record that somebody wants whole, or of which nothing is."""
    members: dict[str, set[str]] = {record: set() for record in records}
    whole = set()
    for reader in readers:
        for column in _columns(reader):
            if column.name in members:
                place = column.parent
                if isinstance(place, exp.StructExtract) and place.this is column:
                    members[column.name].add(place.expression.name)
                else:
                    whole.add(column.name)
    return {record: taken for record, taken in members.items() if taken and record not in whole}


def _columns(reader: exp.Select) -> Iterator[exp.Column]:
    return (column for part, value in reader.args.items() if part != "with_" for column in _within(value))


def _within(value: object) -> Iterator[exp.Column]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, exp.Expr):
            yield from each.find_all(exp.Column)
