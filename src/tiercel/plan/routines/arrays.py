"""Arrays and sets: cutting, turning, sorting, joining, comparing."""

from __future__ import annotations

import math
from typing import Any, Final

from tiercel.plan.routines.dynamic import identity
from tiercel.plan.routines.routine import Routine
from tiercel.tables import KustoType

__all__ = ["LARGEST_ARRAY", "ROUTINES", "sorted_with"]

LARGEST_ARRAY: Final = 1_048_576
"""How many elements `range` gives at most (Microsoft Learn, "range()")."""


def _array_concat(arrays: list[object]) -> list[object] | None:
    """The elements of all arrays, one array after the other; null if one is no array.

    Example: `array_concat(dynamic([1, 2]), dynamic([3]))` is [1, 2, 3].
    """
    if not all(isinstance(array, list) for array in arrays):
        return None
    return [one for array in arrays if isinstance(array, list) for one in array]


def _array_slice(array: object, start: int | None, end: int | None) -> list[object] | None:
    """The elements from one index to another, both included; below zero they count from the end.

    Example: `array_slice(dynamic([1, 2, 3, 4, 5]), 2, -1)` is [3, 4, 5].
    """
    if not isinstance(array, list) or start is None or end is None:
        return None
    first = start + len(array) if start < 0 else start
    last = end + len(array) if end < 0 else end
    return array[max(0, first) : max(0, last + 1)]


def _array_split(array: object, indices: object) -> list[object] | None:
    """The array cut before an index, or before each index of an array; below zero they count from the end.

    Example: `array_split(dynamic([1, 2, 3, 4, 5]), dynamic([1, 3]))` is [[1], [2, 3], [4, 5]].
    """
    given = indices if isinstance(indices, list) else [indices]
    wanted = [one for one in given if isinstance(one, int)]
    if not isinstance(array, list) or len(wanted) != len(given):
        return None
    cuts = sorted(max(0, min(len(array), one + len(array) if one < 0 else one)) for one in wanted)
    return [array[start:end] for start, end in zip([0, *cuts], [*cuts, len(array)], strict=True)]


def _shifted(array: object, count: int | None, fill: object) -> list[object] | None:
    if not isinstance(array, list) or count is None:
        return None
    size = len(array)
    moved = max(-size, min(size, count))
    return [fill] * moved + array[: size - moved] if moved >= 0 else array[-moved:] + [fill] * -moved


def _array_shift_right(array: object, count: int | None, fill: object) -> list[object] | None:
    """The array with its elements moved to the right, the gap filled with null or a given value.

    Example: `array_shift_right(dynamic([1, 2, 3]), 1)` is [null, 1, 2].
    """
    return _shifted(array, count, fill)


def _array_shift_left(array: object, count: int | None, fill: object) -> list[object] | None:
    """The array with its elements moved to the left, the gap filled with null or a given value.

    Example: `array_shift_left(dynamic([1, 2, 3]), 1, -1)` is [2, 3, -1].
    """
    return _shifted(array, None if count is None else -count, fill)


def _array_rotate_left(array: object, count: int | None) -> list[object] | None:
    """The array turned to the left: what leaves at the front comes in at the end.

    Example: `array_rotate_left(dynamic([1, 2, 3, 4, 5]), 2)` is [3, 4, 5, 1, 2].
    """
    if not isinstance(array, list) or count is None:
        return None
    at = count % len(array) if array else 0
    return array[at:] + array[:at]


def _array_rotate_right(array: object, count: int | None) -> list[object] | None:
    """The array turned to the right: what leaves at the end comes in at the front.

    Example: `array_rotate_right(dynamic([1, 2, 3, 4, 5]), 2)` is [4, 5, 1, 2, 3].
    """
    return _array_rotate_left(array, None if count is None else -count)


def _array_reverse(array: object) -> list[object] | None:
    """The array from its end to its beginning.

    Example: `array_reverse(dynamic(["this", "is"]))` is ["is", "this"].
    """
    return array[::-1] if isinstance(array, list) else None


def _array_index_of(
    array: object, value: object, start: int | None, length: int | None, occurrence: int | None
) -> int | None:
    """Where an array first holds a value, from 0; -1 where it does not; null if it is no array.

    A start (below zero: from the end), a length (-1: to the end) and which occurrence may be given.

    Example: `array_index_of(dynamic(["this", "is"]), "is")` is 1.
    """
    occurrence = 1 if occurrence is None else occurrence
    if not isinstance(array, list) or occurrence < 1:
        return None
    # Below zero it counts from beyond the end: -3 of five elements looks at the last two, as the emulator's does.
    begin = (start or 0) + (len(array) + 1 if (start or 0) < 0 else 0)
    end = len(array) if length is None or length < 0 else min(len(array), begin + length)
    wanted = identity(value)
    for at in range(max(0, begin), end):
        if identity(array[at]) == wanted:
            occurrence -= 1
            if not occurrence:
                return at
    return -1


def _truth(value: object) -> bool | None:
    """What a condition's element says: a bool, a number (0 is false); nothing for all else."""
    if isinstance(value, bool):
        return value
    return value != 0 if isinstance(value, int | float) else None


def _array_iff(conditions: object, chosen: object, other: object) -> list[object] | None:
    """For each element of an array of conditions the value at its place in one array or another; null where it is none.

    A value that is no array stands at every place. `array_iif` is the same.

    Example: `array_iff(dynamic([true, false]), dynamic([1, 2]), dynamic([3, 4]))` is [1, 4].
    """
    if not isinstance(conditions, list):
        return None
    result: list[object] = []
    for at, condition in enumerate(conditions):
        truth = _truth(condition)
        source = chosen if truth else other
        if isinstance(source, list):
            source = source[at] if at < len(source) else None
        result.append(None if truth is None else source)
    return result


_KINDS: Final = {bool: 0, int: 1, float: 1, str: 2, list: 3, dict: 4}


def _order(value: object) -> tuple[int, Any]:
    kind = _KINDS[type(value)]
    return kind, repr(value) if kind > 2 else value


def sorted_with(arrays: list[list[object]], *, descending: bool, nulls_last: bool) -> list[list[object]]:
    """The arrays in the order of the first one; those of another length become arrays of null."""
    first = arrays[0]
    known = [at for at, value in enumerate(first) if value is not None]
    nulls = [at for at, value in enumerate(first) if value is None]
    known.sort(key=lambda at: _order(first[at]), reverse=descending)
    order = [*known, *nulls] if nulls_last else [*nulls, *known]
    return [[array[at] if len(array) == len(first) else None for at in order] for array in arrays]


def _sorted(arrays: list[object], *, descending: bool) -> object:
    nulls_last = True
    if len(arrays) > 1 and isinstance(arrays[-1], bool):
        nulls_last, arrays = arrays[-1], arrays[:-1]
    if not all(isinstance(array, list) for array in arrays):
        return None
    results = sorted_with(
        [array for array in arrays if isinstance(array, list)], descending=descending, nulls_last=nulls_last
    )
    return results[0] if len(results) == 1 else results


def _array_sort_asc(arrays: list[object]) -> object:
    """The array in rising order, and further arrays in that of the first; nulls last, or first with a last false.

    Several arrays are several columns, `a_sorted`, `b_sorted`.

    Example: `array_sort_asc(dynamic([1, 3, 2]))` is [1, 2, 3].
    """
    return _sorted(arrays, descending=False)


def _array_sort_desc(arrays: list[object]) -> object:
    """The array in falling order, and further arrays in that of the first; nulls last, or first with a last false.

    Several arrays are several columns, `a_sorted`, `b_sorted`.

    Example: `array_sort_desc(dynamic([1, 3, 2]))` is [3, 2, 1].
    """
    return _sorted(arrays, descending=True)


def _array_sum(array: object) -> float | None:
    """The sum of an array's numbers; null if it holds anything else.

    Example: `array_sum(dynamic([1, 2, 3]))` is 6.0.
    """
    if not isinstance(array, list) or not all(type(one) in {int, float} for one in array):
        return None
    return float(sum(array))


def _zip(arrays: list[object]) -> list[object] | None:
    """The array of arrays that each hold the elements at one place of all arrays; null where one is too short.

    Example: `zip(dynamic([1, 3]), dynamic([2, 4]))` is [[1, 2], [3, 4]].
    """
    columns = [array if isinstance(array, list) else [array] for array in arrays]
    longest = max(map(len, columns))
    return [[column[at] if at < len(column) else None for column in columns] for at in range(longest)]


def _repeat(value: object, count: int | None) -> list[object] | None:
    """The array that holds a value so many times.

    Example: `repeat(1, 3)` is [1, 1, 1].
    """
    return None if count is None or count < 0 else [value] * min(count, LARGEST_ARRAY)


def _range(start: float | None, stop: float | None, step: float | None) -> list[float] | None:
    """The array of values from a start to a stop, both included, a step apart; at most 1,048,576 of them.

    Of datetimes and timespans too. Without a step it is 1, or an hour.

    Example: `range(1, 8, 3)` is [1, 4, 7].
    """
    if start is None or stop is None or not step or not all(map(math.isfinite, (start, stop, step))):
        return None
    steps = max(-1.0, min((stop - start) / step, float(LARGEST_ARRAY)))  # what overflows is cut before it is counted
    count = math.floor(steps + 1e-9) + 1
    return [start + at * step for at in range(max(0, min(count, LARGEST_ARRAY)))]


# --- sets ------------------------------------------------------------------------------------------------------------


def _unique(array: object) -> dict[object, object] | None:
    return {identity(one): one for one in reversed(array)} if isinstance(array, list) else None


def _kept(array: object, keys: set[object]) -> list[object]:
    found: dict[object, object] = {}
    for one in array if isinstance(array, list) else []:
        key = identity(one)
        if key in keys:
            found.setdefault(key, one)
    return list(found.values())


def _set_union(arrays: list[object]) -> list[object] | None:
    """The different values of all arrays, as they first came.

    Example: `set_union(dynamic([1, 2]), dynamic([2, 3]))` is [1, 2, 3].
    """
    joined = _array_concat(arrays)
    return None if joined is None else _kept(joined, {identity(one) for one in joined})


def _set_intersect(arrays: list[object]) -> list[object] | None:
    """The different values that every one of the arrays holds.

    Example: `set_intersect(dynamic([1, 2]), dynamic([2, 3]))` is [2].
    """
    sets = [_unique(array) for array in arrays]
    if any(one is None for one in sets):
        return None
    return _kept(arrays[0], set.intersection(*(set(one or ()) for one in sets)))


def _set_difference(arrays: list[object]) -> list[object] | None:
    """The different values of the first array that none of the others holds.

    Example: `set_difference(dynamic([1, 2, 3]), dynamic([2]))` is [1, 3].
    """
    sets = [_unique(array) for array in arrays]
    if any(one is None for one in sets):
        return None
    return _kept(arrays[0], set(sets[0] or ()).difference(*(one or () for one in sets[1:])))


def _set_equals(first: object, second: object) -> bool | None:
    """Whether two arrays hold the same values, in whatever order and however often; null if one is no array.

    Example: `set_equals(dynamic([1, 2, 2]), dynamic([2, 1]))` is true.
    """
    one, other = _unique(first), _unique(second)
    return None if one is None or other is None else set(one) == set(other)


def _jaccard_index(first: object, second: object) -> float | None:
    """How alike two sets are: the values in both by the values in either; 0 of two empty ones.

    Example: `jaccard_index(dynamic([1, 2, 3]), dynamic([1, 2, 3, 4]))` is 0.75.
    """
    one, other = _unique(first), _unique(second)
    if one is None or other is None:
        return None
    union = one.keys() | other.keys()
    return len(one.keys() & other.keys()) / len(union) if union else 0.0


_DYNAMIC, _LONG, _REAL = KustoType.DYNAMIC, KustoType.LONG, KustoType.REAL

ROUTINES: Final = (
    Routine("array_concat", _array_concat, (), _DYNAMIC, rest=True),
    Routine("array_slice", _array_slice, (_DYNAMIC, _LONG, _LONG), _DYNAMIC),
    Routine("array_split", _array_split, (_DYNAMIC, _DYNAMIC), _DYNAMIC),
    Routine("array_shift_right", _array_shift_right, (_DYNAMIC, _LONG, _DYNAMIC), _DYNAMIC),
    Routine("array_shift_left", _array_shift_left, (_DYNAMIC, _LONG, _DYNAMIC), _DYNAMIC),
    Routine("array_rotate_left", _array_rotate_left, (_DYNAMIC, _LONG), _DYNAMIC),
    Routine("array_rotate_right", _array_rotate_right, (_DYNAMIC, _LONG), _DYNAMIC),
    Routine("array_reverse", _array_reverse, (_DYNAMIC,), _DYNAMIC),
    Routine("array_index_of", _array_index_of, (_DYNAMIC, _DYNAMIC, _LONG, _LONG, _LONG), _LONG),
    Routine("array_iff", _array_iff, (_DYNAMIC, _DYNAMIC, _DYNAMIC), _DYNAMIC),
    Routine("array_sort_asc", _array_sort_asc, (), _DYNAMIC, rest=True),
    Routine("array_sort_desc", _array_sort_desc, (), _DYNAMIC, rest=True),
    Routine("array_sum", _array_sum, (_DYNAMIC,), _REAL),
    Routine("zip", _zip, (), _DYNAMIC, rest=True),
    Routine("repeat", _repeat, (_DYNAMIC, _LONG), _DYNAMIC),
    Routine("range", _range, (_REAL, _REAL, _REAL), _DYNAMIC),
    Routine("range_long", _range, (_LONG, _LONG, _LONG), _DYNAMIC),
    Routine("set_union", _set_union, (), _DYNAMIC, rest=True),
    Routine("set_intersect", _set_intersect, (), _DYNAMIC, rest=True),
    Routine("set_difference", _set_difference, (), _DYNAMIC, rest=True),
    Routine("set_equals", _set_equals, (_DYNAMIC, _DYNAMIC), KustoType.BOOL),
    Routine("jaccard_index", _jaccard_index, (_DYNAMIC, _DYNAMIC), _REAL),
)
