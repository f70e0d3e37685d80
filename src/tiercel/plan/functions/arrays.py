"""Arrays, sets and bags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.kql.literals import TICKS_PER_SECOND
from tiercel.plan.functions.forms import (
    INTEGERS,
    NUMBERS,
    copied,
    datetime_of,
    dynamic_of,
    number_of,
    refuse_type,
    text_of,
    ticks_of_datetime,
    timespan_of,
)
from tiercel.plan.functions.registry import Environment, Function, prefixed
from tiercel.plan.functions.routine_calls import call_routine, routine_function
from tiercel.plan.literals import constant
from tiercel.plan.nodes import json
from tiercel.plan.nodes.dynamic import Element
from tiercel.plan.nodes.strings import ByteCount
from tiercel.plan.routines import ROUTINES
from tiercel.plan.values import Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FUNCTIONS"]


def _dynamic(sql: exp.Expr) -> Typed:
    return Typed(sql, KustoType.DYNAMIC)


# --- making ----------------------------------------------------------------------------------------------------------


def lower_pack_array(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The array of the arguments; `*` stands for all columns.

    Example: `pack_array(1, "2", 2s)` is [1, "2", "00:00:02"].
    """
    values = [dynamic_of(one) for one in arguments]
    if all(one.is_constant for one in values):
        return constant([one.value for one in values], KustoType.DYNAMIC)
    return _dynamic(json.JsonArray(expressions=[one.sql for one in values]))


def lower_bag_pack(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The bag of names and values, given in turn; `pack` and `pack_dictionary` are the same.

    Example: `bag_pack("Dest", 100, "Text", "Hi")` is {"Dest": 100, "Text": "Hi"}.
    """
    if len(arguments) % 2:
        raise Refusal("kql-argument-count", "`bag_pack` takes pairs of a name and a value")
    names, values = [text_of(one) for one in arguments[::2]], [dynamic_of(one) for one in arguments[1::2]]
    if all(one.is_constant for one in (*names, *values)):
        pairs = zip((str(one.value) for one in names), (one.value for one in values), strict=True)
        return constant(dict(pairs), KustoType.DYNAMIC)
    items = [one.sql for pair in zip(names, values, strict=True) for one in pair]
    return _dynamic(json.JsonObject(expressions=items))


def lower_range(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The array of values from a start to a stop, both included, a step apart; at most 1,048,576 of them.

    Of numbers, datetimes and timespans. Without a step it is 1, or an hour.

    Example: `range(1, 8, 3)` is [1, 4, 7], `range(1h, 3h)` is ["01:00:00", "02:00:00", "03:00:00"].
    """
    kinds = {one.type for one in arguments[:2]}
    if KustoType.DATETIME in kinds or KustoType.TIMESPAN in kinds:
        return _range_of_times(arguments)
    numbers = [number_of("range", at, arguments) for at in range(len(arguments))]
    if len(numbers) < 3:
        numbers.append(constant(1, KustoType.LONG))
    whole = all(one.type in INTEGERS for one in numbers)
    return call_routine("range_long" if whole else "range", numbers)


def _range_of_times(arguments: Sequence[Typed]) -> Typed:
    of_instants = KustoType.DATETIME in {one.type for one in arguments[:2]}
    ends = [_ticks(datetime_of(one) if of_instants else timespan_of(one)) for one in arguments[:2]]
    step = timespan_of(arguments[2]) if len(arguments) > 2 else constant(3600 * TICKS_PER_SECOND, KustoType.TIMESPAN)
    ticks = call_routine("range_long", [*ends, _ticks(step)])
    return call_routine(
        "texts_of_ticks", [ticks, constant("datetime" if of_instants else "timespan", KustoType.STRING)]
    )


def _ticks(value: Typed) -> Typed:
    """An instant or duration as a long."""
    if value.is_constant:
        return constant(value.value, KustoType.LONG)
    return Typed(ticks_of_datetime(value.sql) if value.type is KustoType.DATETIME else value.sql, KustoType.LONG)


# --- asking ----------------------------------------------------------------------------------------------------------


def lower_array_length(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The number of an array's elements; null if it is no array.

    Example: `array_length(dynamic([1, 2, 3]))` is 3.
    """
    value = dynamic_of(arguments[0])
    if isinstance(value.value, list):
        return constant(len(value.value), KustoType.LONG)
    return Typed(json.DynamicLength(this=value.sql), KustoType.LONG)


def lower_array_index_of(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Where an array first holds a value, from 0; -1 where it does not; null if it is no array."""
    if len(arguments) > 2:
        return call_routine("array_index_of", arguments)
    array, value = (dynamic_of(one).sql for one in arguments)
    return Typed(json.ArrayPosition(this=array, expression=value), KustoType.LONG)


lower_array_index_of.__doc__ = ROUTINES["array_index_of"].call.__doc__


def lower_set_has_element(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether an array holds a value; null if it is no array.

    Example: `set_has_element(dynamic(["this", "is"]), "is")` is true.
    """
    array, value = (dynamic_of(one).sql for one in arguments)
    return Typed(json.ArrayHas(this=array, expression=value), KustoType.BOOL)


def lower_bag_keys(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The array of a bag's names; null if it is no bag.

    Example: `bag_keys(dynamic({"a": 1, "b": 2}))` is ["a", "b"].
    """
    return _dynamic(json.BagKeys(this=dynamic_of(arguments[0]).sql))


def lower_bag_has_key(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether the bag has a property of that name, or at that path (`$.a.b`)."""
    return call_routine("bag_has_key", arguments)


lower_bag_has_key.__doc__ = ROUTINES["bag_has_key"].call.__doc__


# --- sorting ---------------------------------------------------------------------------------------------------------


def _sort_function(name: str) -> Function:
    def results(
        _environment: Environment, arguments: Sequence[Typed], names: Sequence[str]
    ) -> tuple[tuple[str, Typed], ...]:
        arrays = [one for one in arguments if one.type is not KustoType.BOOL]
        sorted_ = call_routine(name, arguments)
        labels = [f"{label or f'array{at}'}_sorted" for at, label in enumerate(names[: len(arrays)])]
        if len(arrays) == 1:
            return ((labels[0], sorted_),)
        return tuple((label, _element(sorted_, at)) for at, label in enumerate(labels))

    return routine_function(name, 1, 65, results=results)


def _element(array: Typed, at: int) -> Typed:
    if isinstance(array.value, list):
        return constant(array.value[at], KustoType.DYNAMIC)
    index = constant(at, KustoType.LONG).sql
    return _dynamic(Element(this=copied(array).sql, expression=index))


# --- splitting -------------------------------------------------------------------------------------------------------


def lower_array_split(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The array cut before an index, or before each index of an array."""
    if arguments[1].type not in {*NUMBERS, KustoType.DYNAMIC}:
        raise refuse_type("array_split", 1, arguments[1], "an index or an array of them")
    return call_routine("array_split", arguments)


lower_array_split.__doc__ = ROUTINES["array_split"].call.__doc__


def lower_dynamic_to_json(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The dynamic value as JSON in a form of its own: names sorted, no spaces. Other types are as by `tostring`.

    Example: `dynamic_to_json(dynamic({"b": 1, "a": 2}))` is `{"a":2,"b":1}`.
    """
    if arguments[0].type is not KustoType.DYNAMIC:
        return text_of(arguments[0])
    return call_routine("dynamic_to_json", arguments)


def lower_estimate_data_size(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The bytes that the values take: 1 a bool, 4 an int, 8 a long, real, datetime or timespan, 16 a guid or decimal.

    A text takes as many as it has in UTF-8, a dynamic as many as its JSON.

    Example: `estimate_data_size("1234567890", 5)` is 18. Where we differ: of a dynamic.
    """
    fixed, texts = 0, []
    for value in arguments:
        if value.type in {KustoType.STRING, KustoType.DYNAMIC}:
            texts.append(text_of(value))
        else:
            fixed += _SIZES[value.type]
    total = constant(fixed, KustoType.LONG)
    if not texts:
        return total
    size = total.sql
    for text in texts:
        size = exp.Add(this=size, expression=ByteCount(this=text.sql))
    return Typed(exp.Paren(this=size), KustoType.LONG)


_SIZES: Final = {
    KustoType.BOOL: 1,
    KustoType.INT: 4,
    KustoType.LONG: 8,
    KustoType.REAL: 8,
    KustoType.DATETIME: 8,
    KustoType.TIMESPAN: 8,
    KustoType.GUID: 16,
    KustoType.DECIMAL: 16,
}

FUNCTIONS: Final = (
    Function("pack_array", lower_pack_array, 0, None),
    Function("bag_pack", lower_bag_pack, 0, None),
    Function("pack", lower_bag_pack, 0, None),
    Function("pack_dictionary", lower_bag_pack, 0, None),
    Function("range", lower_range, 2, 3),
    routine_function("repeat", 2, 2, naming=prefixed("repeat")),
    Function("array_length", lower_array_length, 1, 1),
    Function("arraylength", lower_array_length, 1, 1),
    routine_function("array_concat", 1, 64),
    routine_function("array_slice", 3, 3),
    Function("array_split", lower_array_split, 2, 2),
    routine_function("array_shift_left", 2, 3),
    routine_function("array_shift_right", 2, 3),
    routine_function("array_rotate_left", 2, 2),
    routine_function("array_rotate_right", 2, 2),
    routine_function("array_reverse", 1, 1),
    Function("array_index_of", lower_array_index_of, 2, 5),
    routine_function("array_iff", 3, 3),
    routine_function("array_iif", 3, 3, routine="array_iff"),
    _sort_function("array_sort_asc"),
    _sort_function("array_sort_desc"),
    routine_function("array_sum", 1, 1),
    routine_function("zip", 2, 64),
    routine_function("set_union", 2, 64),
    routine_function("set_intersect", 2, 64),
    routine_function("set_difference", 2, 64),
    routine_function("set_equals", 2, 2),
    Function("set_has_element", lower_set_has_element, 2, 2),
    routine_function("jaccard_index", 2, 2),
    Function("bag_keys", lower_bag_keys, 1, 1),
    Function("bag_has_key", lower_bag_has_key, 2, 2),
    Function("has_key", lower_bag_has_key, 2, 2),
    routine_function("bag_merge", 1, 64),
    routine_function("bag_remove_keys", 2, 2),
    routine_function("bag_set_key", 3, 3),
    routine_function("bag_zip", 2, 2),
    routine_function("treepath", 1, 1, naming=prefixed("tree")),
    Function("dynamic_to_json", lower_dynamic_to_json, 1, 1),
    Function("estimate_data_size", lower_estimate_data_size, 1, None, "of a dynamic, the bytes of its JSON"),
)
