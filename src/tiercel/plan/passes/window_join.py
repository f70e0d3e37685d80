"""A join that keeps only pairs near in time gets the time into its key.

    FROM l JOIN r ON l.k = r.k WHERE r.t - l.t BETWEEN low AND high

compares every pair of a key: with a busy device that is quadratic. Cut time into buckets no shorter than `high - low`:
then a row of `l` can only match rows of `r` in at most two of them, those of `l.t + low` and of `l.t + high`.

    FROM (SELECT *, EACH([bucket(t + low), bucket(t + high)]) AS b FROM l) JOIN r ON k = r.k AND b = bucket(r.t) ...

The predicate stays where it was. No pair is lost, since a pair that it keeps lies in one of the two buckets; none comes
twice, since a row of `r` lies in one bucket and the two of a row of `l` differ.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.nodes.time import Microseconds
from tiercel.plan.passes.time_bounds import Bound, bounds, conjuncts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

__all__ = ["window_join"]

_SLACK: Final = 2
"""How many times as long as the window a bucket is: longer ones copy fewer rows, shorter ones compare fewer pairs."""

_SHORTEST: Final = 1_000_000
"""Microseconds. A bucket is at least a second long."""


def window_join(tree: exp.Select) -> exp.Select:
    """The same rows, every join that is bounded in time by what is filtered after it having a bucket in its key.

    A join is rewritten when it is an inner one on equal keys, or an outer one whose filter drops the rows it would add.
    """
    views = _Views(tree)
    for select in views.selects:
        joins = select.args.get("joins") or []
        if len(joins) == 1:
            _rewrite(views, select, joins[0])
    return tree


class _Views:
    """The query's SELECTs and which of them reads which."""

    def __init__(self, tree: exp.Select) -> None:
        nodes = [node for node in tree.walk() if isinstance(node, exp.Select | exp.CTE | exp.Table)]
        self.selects = [node for node in nodes if isinstance(node, exp.Select)]
        self._uses = Counter(node.name for node in nodes if isinstance(node, exp.Table))
        self._names = {id(node.this): node.alias for node in nodes if isinstance(node, exp.CTE)}
        self._readers: dict[str, list[tuple[exp.Select, str]]] = defaultdict(list)
        for select in self.selects:
            for table in _tables(select):
                self._readers[table.name].append((select, table.alias_or_name))

    def reader(self, select: exp.Select) -> tuple[exp.Select, str] | None:
        """The one SELECT that reads this one's rows, and the name it calls them by; None where several do.

        The name stays where a bucket was put on what it reads, which stands in a subquery of that name then.
        """
        name = self._names.get(id(select))
        if name is None or self._uses[name] != 1 or len(self._readers[name]) != 1:
            return None
        return self._readers[name][0]


def _tables(select: exp.Select) -> Iterator[exp.Table]:
    """The tables in the SELECT's own FROM and joins."""
    places = [select.args.get("from_"), *(select.args.get("joins") or [])]
    for place in places:
        if place is not None and isinstance(place.this, exp.Table):
            yield place.this


def _is_plain(select: exp.Select) -> bool:
    """Whether each row comes from one row before it, on its own."""
    return not any(
        select.args.get(part) for part in ("group", "having", "distinct", "limit", "offset", "qualify", "windows")
    ) and not any(item.find(exp.AggFunc, exp.Window, exp.UDTF) for item in select.expressions)


@dataclass(frozen=True, slots=True)
class _Window:
    """`right - left`, two instants of the two sides, lies between `low` and `high` microseconds."""

    left: exp.Column
    right: exp.Column
    low: int
    high: int


def _rewrite(views: _Views, select: exp.Select, join: exp.Join) -> None:
    names = _sides(select, join)
    if join.method or names is None:
        return
    left_name, right_name = names
    on = list(conjuncts(join.args.get("on")))
    if not any(_is_key(part, left_name, right_name) for part in on):
        return
    side = (join.side or "").upper()
    kind = (join.kind or "").upper()
    if kind not in ("", "INNER") or side not in ("", "LEFT"):
        return
    # What an outer join's own condition demands decides what is padded, not what is dropped: it bounds inner ones only.
    predicates = [*on] if not side else []
    predicates += _filters(views, select)
    window = _window(predicates, left_name, right_name)
    if window is None:
        return
    _bucket(select, join, window)


def _sides(select: exp.Select, join: exp.Join) -> tuple[str, str] | None:
    source = select.args.get("from_")
    if source is None or not isinstance(source.this, exp.Table | exp.Subquery):
        return None
    if not isinstance(join.this, exp.Table | exp.Subquery):
        return None
    names = source.this.alias_or_name, join.this.alias_or_name
    return names if all(names) and names[0] != names[1] else None


def _is_key(part: exp.Expr, left: str, right: str) -> bool:
    if not isinstance(part, exp.EQ):
        return False
    tables = [{column.table for column in side.find_all(exp.Column)} for side in (part.left, part.right)]
    return tables in ([{left}, {right}], [{right}, {left}])


def _filters(views: _Views, select: exp.Select) -> list[exp.Expr]:
    """What every row of the SELECT must meet, here or further on, in terms of its sources' columns."""
    found: list[exp.Expr] = []
    current, meaning = select, None
    while True:
        where = current.args.get("where")
        for part in conjuncts(where.this if where else None):
            told = part if meaning is None else _told(part, meaning)
            if told is not None:
                found.append(told)
        further = views.reader(current) if _is_plain(current) else None
        if further is None:
            return found
        reader, name = further
        if any(_pads(join, name) for join in reader.args.get("joins") or []):
            return found
        meaning = _meaning(current, name, meaning)
        current = reader


def _pads(join: exp.Join, name: str) -> bool:
    """Whether the join makes up rows of the source called `name`, or drops none of what it reads."""
    side = (join.side or "").upper()
    if side in {"FULL", "RIGHT"}:
        return True
    return join.this.alias_or_name == name and side == "LEFT"


_Meaning = dict[tuple[str, str], exp.Expr]


def _meaning(select: exp.Select, name: str, before: _Meaning | None) -> _Meaning:
    """What each column of the SELECT, called `name` by its reader, is in terms of the join's sources."""
    result: _Meaning = {}
    for item in select.expressions:
        definition = item.this if isinstance(item, exp.Alias) else item
        told = definition if before is None else _told(definition, before)
        if told is not None:
            result[name, item.alias_or_name] = told
            result["", item.alias_or_name] = told
    return result


def _told(part: exp.Expr, meaning: _Meaning) -> exp.Expr | None:
    """The predicate with each column replaced by what it is; None where one is not known."""
    columns = list(part.find_all(exp.Column))
    if any((column.table, column.name) not in meaning for column in columns):
        return None
    if isinstance(part, exp.Column):
        return meaning[part.table, part.name].copy()
    copy = part.copy()
    for column in list(copy.find_all(exp.Column)):
        column.replace(_bracketed(meaning[column.table, column.name].copy()))
    return copy


def _bracketed(value: exp.Expr) -> exp.Expr:
    return exp.Paren(this=value) if isinstance(value, exp.Binary | exp.Between) else value


def _window(predicates: list[exp.Expr], left: str, right: str) -> _Window | None:
    """The narrowest window that the predicates put between an instant of the left and one of the right."""
    low: dict[tuple[str, str], Fraction] = {}
    high: dict[tuple[str, str], Fraction] = {}
    certain: set[tuple[str, str]] = set()
    for predicate in predicates:
        for bound in bounds(predicate):
            turned = _oriented(bound, left, right)
            if turned is None:
                continue
            pair = turned.earlier[1], turned.later[1]
            if turned.certain:
                certain.add(pair)
            if turned.low is not None:
                low[pair] = max(turned.low, low.get(pair, turned.low))
            if turned.high is not None:
                high[pair] = min(turned.high, high.get(pair, turned.high))
    windows = [
        (high[pair] - low[pair], pair) for pair in low if pair in high and pair in certain and high[pair] >= low[pair]
    ]
    if not windows:
        return None
    _, pair = min(windows)
    return _Window(_column(left, pair[0]), _column(right, pair[1]), math.floor(low[pair]), math.ceil(high[pair]))


def _oriented(bound: Bound, left: str, right: str) -> Bound | None:
    """The bound as one on `right - left`; None where it is about other sources."""
    if (bound.earlier[0], bound.later[0]) == (left, right):
        return bound
    if (bound.later[0], bound.earlier[0]) == (left, right):
        return Bound(
            bound.earlier,
            bound.later,
            None if bound.high is None else -bound.high,
            None if bound.low is None else -bound.low,
            bound.certain,
        )
    return None


def _column(table: str, name: str) -> exp.Column:
    return exp.Column(this=exp.Identifier(this=name, quoted=True), table=exp.Identifier(this=table, quoted=True))


def _bucket(select: exp.Select, join: exp.Join, window: _Window) -> None:
    """Put the bucket into the join's key: the left side's rows stand in the buckets that the window reaches."""
    width = max(_SLACK * (window.high - window.low), _SHORTEST)
    name = "$bucket"
    inner = exp.Column(this=window.left.this.copy())
    first, last = (_bucket_of(inner, shift, width) for shift in (window.low, window.high))
    both = exp.Array(expressions=[first.copy(), last.copy()])
    one = exp.Array(expressions=[first.copy()])
    same = exp.EQ(this=first.copy(), expression=last.copy())
    each = exp.Explode(this=exp.Case(ifs=[exp.If(this=same, true=one)], default=both))
    source = select.args["from_"].this
    alias = source.alias_or_name
    if isinstance(source, exp.Table):
        plain = source.copy()
        plain.set("alias", None)
        inside = exp.From(this=plain)
    else:
        inside = exp.From(this=source.copy())
    copied = exp.Select(expressions=[exp.Star(), exp.Alias(this=each, alias=exp.Identifier(this=name, quoted=True))])
    copied.set("from_", inside)
    identifier = exp.Identifier(this=alias, quoted=True)
    select.set("from_", exp.From(this=exp.Subquery(this=copied, alias=exp.TableAlias(this=identifier))))
    key = exp.EQ(this=_column(alias, name), expression=_bucket_of(window.right, 0, width))
    join.set("on", exp.And(this=join.args["on"], expression=key))


def _bucket_of(instant: exp.Expr, shift: int, width: int) -> exp.Expr:
    """The number of the bucket that the instant, moved by `shift` microseconds, lies in."""
    moved: exp.Expr = Microseconds(this=instant.copy())
    if shift:
        moved = exp.Paren(this=exp.Add(this=moved, expression=_number(shift)))
    cut = exp.Div(this=exp.Cast(this=moved, to=exp.DataType.build("double")), expression=exp.Literal.number(width))
    return exp.Cast(this=exp.Floor(this=cut), to=exp.DataType.build("bigint"))


def _number(value: int) -> exp.Expr:
    literal = exp.Literal.number(abs(value))
    return exp.Neg(this=literal) if value < 0 else literal
