"""Aggregates that collect: lists, sets, bags, percentiles, sketches. Sketches here hold the values themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.functions.aggregates import filtered, not_null, with_condition
from tiercel.plan.functions.forms import as_type, constant_integer, copied, dynamic_of, long_of, real_of
from tiercel.plan.functions.registry import Aggregate, Environment, prefixed
from tiercel.plan.literals import constant
from tiercel.plan.nodes.aggregates import ListJson, ListOf, NearestRank
from tiercel.plan.nodes.json import JsonArray
from tiercel.plan.nodes.routine import RoutineCall
from tiercel.plan.values import Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.plan.functions.registry import Naming

__all__ = ["AGGREGATES"]

_OLD_SIZE: Final = 128
"""How many elements the old `makelist` and `makeset` keep (Microsoft Learn, "makelist() (aggregation function)")."""


_OWN_VALUES: Final = "holds the values themselves: exact, and as large as they are"


def _routine(name: str, *arguments: exp.Expr) -> exp.Expr:
    return RoutineCall(this=exp.to_identifier(name), expressions=list(arguments))


def _json(listed: exp.Expr, size: int | None, *, nullable: bool = False) -> exp.Expr:
    cut = exp.Literal.number(size) if size is not None else None
    return ListJson(this=listed, size=cut, nullable=nullable)


def _list_of(value: Typed, *, distinct: bool = False) -> exp.Expr:
    """The list of the values: numbers, bools and texts as they are, the rest as JSON."""
    plain = value.type not in {KustoType.DATETIME, KustoType.TIMESPAN, KustoType.DYNAMIC}
    element = value.sql if plain else dynamic_of(value).sql
    return ListOf(this=exp.Distinct(expressions=[element]) if distinct else element, json=not plain)


def _size(name: str, arguments: Sequence[Typed], position: int) -> int | None:
    return max(0, constant_integer(name, position, arguments)) if len(arguments) > position else None


def _list_aggregate(name: str, condition: int | None, default: int | None, *, nulls: bool) -> Aggregate:
    size_at = 1 if condition is None else 2

    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        value = arguments[0]
        size = _size(name, arguments, size_at)
        where = with_condition(name, arguments, condition, None if nulls else not_null(value))
        listed = filtered(_list_of(value), where)
        return Typed(_json(listed, default if size is None else size), KustoType.DYNAMIC)

    kept = "nulls among them" if nulls else "nulls passed over"
    of = " of the rows in which a condition is true" if condition else ""
    example = "DeviceName, RemotePort == 135" if condition else "DeviceName"
    lower.__doc__ = f"""The array of all values{of}, in the order of the rows, {kept}; a last argument bounds its size.

    Example: `summarize {name}({example})`.
    Where we differ: after a sort the order is kept; otherwise it is that in which the engine reads.
    """
    maximum = 1 if nulls else size_at + 1
    return Aggregate(name, lower, size_at, maximum, prefixed("list"), "order of the rows only after a sort")


def _set_aggregate(name: str, condition: int | None, default: int | None) -> Aggregate:
    size_at = 1 if condition is None else 2

    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        value = arguments[0]
        size = _size(name, arguments, size_at)
        size = default if size is None else size
        where = with_condition(name, arguments, condition, not_null(value))
        listed = filtered(_list_of(value, distinct=True), where)
        if value.type is not KustoType.DYNAMIC:
            return Typed(_json(listed, size), KustoType.DYNAMIC)
        bound = constant(size, KustoType.LONG).sql
        return Typed(_routine("distinct_elements", _json(listed, None), bound), KustoType.DYNAMIC)

    of = " of the rows in which a condition is true" if condition else ""
    example = "RemoteIP, RemotePort == 135" if condition else "RemoteIP"
    lower.__doc__ = f"""The array of all different values{of}, nulls passed over; a last argument bounds its size.

    Of arrays it takes the elements. Kusto leaves the order open; here it is that of the values.

    Example: `summarize {name}({example}) by DeviceName`.
    """
    return Aggregate(name, lower, size_at, size_at + 1, prefixed("set"))


def _bag_aggregate(name: str, condition: int | None, naming: Naming) -> Aggregate:
    size_at = 1 if condition is None else 2

    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        value = dynamic_of(arguments[0])
        where = with_condition(name, arguments, condition, not_null(value))
        listed = _json(filtered(ListOf(this=value.sql, json=True), where), None)
        bound = constant(_size(name, arguments, size_at), KustoType.LONG).sql
        return Typed(_routine("merge_bags", listed, bound), KustoType.DYNAMIC)

    of = " of the rows in which a condition is true" if condition else ""
    lower.__doc__ = f"""One bag of all properties of the bags{of}; what is no bag is passed over.

    A last argument bounds its size. Of properties with one name the first stays, where Kusto keeps any.

    Example: `summarize {name}(bag_pack(Name, Value){", isnotempty(Value)" if condition else ""})`.
    """
    return Aggregate(name, lower, size_at, size_at + 1, naming)


# --- percentiles -----------------------------------------------------------------------------------------------------


def _share(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise Refusal("kql-argument-value", f"the percentiles of `{name}` must be constant numbers from 0 to 100")
    return float(value)


def _shares(name: str, arguments: Sequence[Typed]) -> list[float]:
    if len(arguments) == 1 and isinstance(arguments[0].value, list):
        return [_share(name, one) for one in arguments[0].value]
    return [_share(name, one.value) for one in arguments]


def _percentile_type(value: Typed) -> KustoType:
    return {KustoType.INT: KustoType.LONG, KustoType.DECIMAL: KustoType.REAL, KustoType.BOOL: KustoType.LONG}.get(
        value.type, value.type
    )


def _ordered(value: Typed) -> Typed:
    return real_of(value) if value.type is KustoType.DYNAMIC else as_type(value, _percentile_type(value))


def _percentile(value: Typed, share: float) -> Typed:
    ordered = _ordered(copied(value))
    rank = NearestRank(this=ordered.sql, expression=exp.Literal.number(repr(share / 100)))
    return Typed(rank, ordered.type)


def _weighted(value: Typed, weight: Typed, share: float) -> Typed:
    ordered = _ordered(copied(value))
    pair = JsonArray(expressions=[dynamic_of(ordered).sql, dynamic_of(long_of(copied(weight))).sql])
    found = _routine(
        "percentile_tdigest", _json(ListOf(this=pair, json=True), None), constant(share, KustoType.REAL).sql
    )
    return as_type(Typed(found, KustoType.DYNAMIC), ordered.type)


def _label(share: float) -> str:
    return (str(int(share)) if share.is_integer() else repr(share)).replace(".", "_")


def _percentile_aggregate(name: str, *, weighted: bool, several: bool) -> Aggregate:
    first = 2 if weighted else 1

    def one(arguments: Sequence[Typed], share: float) -> Typed:
        return _weighted(arguments[0], arguments[1], share) if weighted else _percentile(arguments[0], share)

    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        return one(arguments, _shares(name, arguments[first:])[0])

    def results(
        _environment: Environment, arguments: Sequence[Typed], names: Sequence[str]
    ) -> tuple[tuple[str, Typed], ...]:
        shares = _shares(name, arguments[first:])
        return tuple((f"percentile_{names[0]}_{_label(share)}", one(arguments, share)) for share in shares)

    what = (
        "The values that given percents of all values are not above"
        if several
        else "The value that a percent is not above"
    )
    weight = ", each value counted as often as its weight says" if weighted else ""
    example = f"{name}(Duration, {'Count, ' if weighted else ''}{'50, 95' if several else '95'})"
    lower.__doc__ = f"""{what}, by the nearest rank{weight}{"; a column each" if several else ""}.

    Example: `summarize {example}`. Where we differ: it is exact, Kusto's is an estimate of large sets.
    """
    return Aggregate(name, lower, first + 1, None if several else first + 1, prefixed("percentile"), "exact", results)


def _percentile_array(name: str, *, weighted: bool) -> Aggregate:
    first = 2 if weighted else 1

    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        shares = _shares(name, arguments[first:])
        values = [
            _weighted(arguments[0], arguments[1], share) if weighted else _percentile(arguments[0], share)
            for share in shares
        ]
        return Typed(JsonArray(expressions=[dynamic_of(one).sql for one in values]), KustoType.DYNAMIC)

    weight = ", each value counted as often as its weight says" if weighted else ""
    lower.__doc__ = f"""The array of the values that given percents of all values are not above{weight}.

    The percents are arguments or one array.

    Example: `summarize {name}(Duration, {"Count, " if weighted else ""}50, 95)`. Where we differ: it is exact.
    """
    return Aggregate(name, lower, first + 1, None, prefixed("percentiles"), "exact")


# --- sketches --------------------------------------------------------------------------------------------------------


def _hll_aggregate(name: str, condition: int | None) -> Aggregate:
    accuracy_at = 1 if condition is None else 2

    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        value = arguments[0]
        where = with_condition(name, arguments, condition, not_null(value))
        listed = filtered(_list_of(value, distinct=True), where)
        return Typed(_json(listed, None, nullable=True), KustoType.DYNAMIC)

    of = " of the rows in which a condition is true" if condition else ""
    lower.__doc__ = f"""The set of all different values{of}, for `dcount_hll` and `hll_merge`; null of nothing.

    Example: `summarize {name}({"DeviceId, RemotePort == 135" if condition else "DeviceId"})`.
    Where we differ: it holds the values themselves, so that it counts exactly and grows with them.
    """
    return Aggregate(name, lower, accuracy_at, accuracy_at + 1, prefixed("hll"), _OWN_VALUES)


def lower_hll_merge(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The union of the sets that `hll` made.

    Example: `summarize hll_merge(hll_DeviceId)`. Where we differ: as `hll`.
    """
    value = dynamic_of(arguments[0])
    listed = _json(filtered(ListOf(this=value.sql, json=True), not_null(value)), None, nullable=True)
    return Typed(_routine("distinct_elements", listed, constant(None, KustoType.LONG).sql), KustoType.DYNAMIC)


def lower_tdigest(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The values, with weights if given, for `percentile_tdigest`; null of nothing.

    Example: `summarize tdigest(Duration) by bin(Timestamp, 1d)`.
    Where we differ: it holds the values themselves, so that it is exact and grows with them.
    """
    value = arguments[0]
    listed = _list_of(value)
    if len(arguments) > 1:
        pair = JsonArray(expressions=[dynamic_of(value).sql, dynamic_of(long_of(arguments[1])).sql])
        listed = ListOf(this=pair, json=True)
    return Typed(_json(filtered(listed, not_null(value)), None, nullable=True), KustoType.DYNAMIC)


def lower_tdigest_merge(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """All values that `tdigest` gathered, together.

    Example: `summarize tdigest_merge(tdigest_Duration)`. Where we differ: as `tdigest`.
    """
    value = dynamic_of(arguments[0])
    listed = _json(filtered(ListOf(this=value.sql, json=True), not_null(value)), None, nullable=True)
    return Typed(_routine("joined_arrays", listed), KustoType.DYNAMIC)


def lower_buildschema(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The smallest schema that all the dynamic values fit: types, bags of them, `indexer` for arrays; null of nothing.

    Example: `summarize buildschema(AdditionalFields)`.
    """
    value = dynamic_of(arguments[0])
    listed = _json(filtered(ListOf(this=value.sql, json=True), not_null(value)), None, nullable=True)
    return Typed(_routine("schema_of", listed), KustoType.DYNAMIC)


AGGREGATES: Final = (
    _list_aggregate("make_list", None, None, nulls=False),
    _list_aggregate("make_list_if", 1, None, nulls=False),
    _list_aggregate("make_list_with_nulls", None, None, nulls=True),
    _list_aggregate("makelist", None, _OLD_SIZE, nulls=False),
    _set_aggregate("make_set", None, None),
    _set_aggregate("make_set_if", 1, None),
    _set_aggregate("makeset", None, _OLD_SIZE),
    _bag_aggregate("make_bag", None, prefixed("bag")),
    _bag_aggregate("make_bag_if", 1, prefixed("bag")),
    _bag_aggregate("make_dictionary", None, prefixed("dictionary")),
    _percentile_aggregate("percentile", weighted=False, several=False),
    _percentile_aggregate("percentiles", weighted=False, several=True),
    _percentile_array("percentiles_array", weighted=False),
    _percentile_aggregate("percentilew", weighted=True, several=False),
    _percentile_aggregate("percentilesw", weighted=True, several=True),
    _percentile_array("percentilesw_array", weighted=True),
    _hll_aggregate("hll", None),
    _hll_aggregate("hll_if", 1),
    Aggregate("hll_merge", lower_hll_merge, 1, 1, prefixed("hll_merge"), _OWN_VALUES),
    Aggregate("tdigest", lower_tdigest, 1, 2, prefixed("tdigest"), _OWN_VALUES),
    Aggregate("tdigest_merge", lower_tdigest_merge, 1, 1, prefixed("merge_tdigests"), _OWN_VALUES),
    Aggregate("merge_tdigest", lower_tdigest_merge, 1, 1, prefixed("merge_tdigests"), _OWN_VALUES),
    Aggregate("buildschema", lower_buildschema, 1, 1, prefixed("schema")),
)
