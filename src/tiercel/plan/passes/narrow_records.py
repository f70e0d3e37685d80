"""A record that groups carry, as `arg_min(t, *)` does, holds only the members that somebody takes out of it.

    WITH g AS (SELECT k, ARG_MIN({'c0': t, 'c1': a, 'c2': b, ...}, t) AS r FROM T GROUP BY k),
         o AS (SELECT k, STRUCT_EXTRACT(r, 'c1') AS a, STRUCT_EXTRACT(r, 'c2') AS b, ... FROM g) SELECT a FROM o

Of a table with 67 columns all would be read and carried along, though one is wanted: no engine looks into a record.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["narrow_records"]

_BOUND: Final = ("distinct", "group", "having", "limit", "offset", "order", "qualify", "windows")
"""Parts of a SELECT that look at its items, or count its rows by them."""


def narrow_records(tree: exp.Select) -> exp.Select:
    """The same rows; members that nobody wants are not taken out of records, and not put into them."""
    steps = {node.alias: node.this for node in tree.find_all(exp.CTE)}
    if not any(body.find(exp.Struct) for body in steps.values()):
        return tree
    uses = _Uses()
    uses.note(tree)
    for name in reversed(steps):  # a step is read by later ones only, of which is left by then what somebody wants
        body = steps[name]
        if isinstance(body, exp.Select) and name not in uses.whole:
            _leave_out(body, uses.wanted[name])
            _narrow(body, uses.readers[name])
        uses.note(body)
    return tree


class _Uses:
    """What the SELECTs that were looked at so far name of each step."""

    def __init__(self) -> None:
        self.wanted: dict[str, set[str]] = defaultdict(set)
        self.readers: dict[str, list[exp.Select]] = defaultdict(list)
        self.whole: set[str] = set()

    def note(self, query: exp.Expr) -> None:
        """Notes what the query names; not what the steps before it do."""
        for select in query.walk(prune=lambda node: isinstance(node, exp.With)):
            if isinstance(select, exp.Select):
                self._note(select)

    def _note(self, select: exp.Select) -> None:
        names = {column.name for column in _columns(select)}
        is_star = any(item.is_star for item in select.expressions)
        reader = _reader_of_all(select) if is_star else None
        if reader is not None:
            names |= {column.name for column in _columns(reader)}
        sources = [select.args.get("from_"), *(select.args.get("joins") or [])]
        for table in (source.this for source in sources if source is not None and isinstance(source.this, exp.Table)):
            self.wanted[table.name] |= names
            self.readers[table.name].append(select)
            if is_star and reader is None:
                self.whole.add(table.name)


def _reader_of_all(select: exp.Select) -> exp.Select | None:
    """The SELECT around one that gives all it reads, which names what it wants; None where there is none such."""
    place = select.parent
    source = place.parent if isinstance(place, exp.Subquery) else None
    around = source.parent if isinstance(source, exp.From | exp.Join) else None
    if not isinstance(around, exp.Select) or any(item.is_star for item in around.expressions):
        return None
    return around


def _columns(select: exp.Select) -> Iterator[exp.Column]:
    """The columns that the SELECT names, within it too."""
    for part, value in select.args.items():
        if part != "with_":
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, exp.Expr):
                    yield from each.find_all(exp.Column)


def _leave_out(body: exp.Select, wanted: set[str]) -> None:
    """Takes away the columns and members of records that nobody wants of the step."""
    if any(body.args.get(part) for part in _BOUND):
        return
    kept = [item for item in body.expressions if item.alias_or_name in wanted or not _is_plain(item)]
    body.set("expressions", kept or body.expressions[:1])


def _is_plain(item: exp.Expr) -> bool:
    """Whether the item is a column, a member of a record or a constant: nothing that makes rows or looks at others."""
    value = item.this if isinstance(item, exp.Alias) else item
    if isinstance(value, exp.Coalesce):
        value = value.this
    if isinstance(value, exp.StructExtract):
        value = value.this
    return isinstance(value, exp.Column | exp.Literal | exp.Null) and not value.is_star


def _narrow(body: exp.Select, readers: Sequence[exp.Select]) -> None:
    """Leaves in the step's records what its readers take out of them."""
    records = {item.alias: item.this for item in body.expressions if isinstance(item, exp.Alias) and _is_record(item)}
    for record, members in _taken(readers, records).items():
        for struct in records[record].find_all(exp.Struct):
            struct.set("expressions", [one for one in struct.expressions if one.name in members])


def _is_record(item: exp.Alias) -> bool:
    value = item.this.this if isinstance(item.this, exp.Coalesce) else item.this
    return isinstance(value, exp.ArgMin | exp.ArgMax | exp.AnyValue) and isinstance(value.this, exp.Struct)


def _taken(readers: Sequence[exp.Select], records: Mapping[str, exp.Expr]) -> dict[str, set[str]]:
    """The members that are taken out of each record; no record that somebody wants whole, or of which nothing is."""
    members: dict[str, set[str]] = {record: set() for record in records}
    whole = set()
    for reader in readers:
        if records and any(item.is_star for item in reader.expressions):
            return {}
        for column in _columns(reader):
            if column.name in members:
                place = column.parent
                if isinstance(place, exp.StructExtract) and place.this is column:
                    members[column.name].add(place.expression.name)
                else:
                    whole.add(column.name)
    return {record: taken for record, taken in members.items() if taken and record not in whole}
