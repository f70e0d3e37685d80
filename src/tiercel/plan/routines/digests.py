"""What aggregates gather: sets, digests, merged bags and schemas, as dynamic values."""

from __future__ import annotations

import math
from typing import Any, Final

from tiercel.plan.routines.dynamic import identity
from tiercel.plan.routines.routine import Routine
from tiercel.tables import KustoType

__all__ = ["ROUTINES"]


def _distinct_elements(values: object, size: int | None) -> list[object] | None:
    """The different values of a list, the elements of arrays in it among them, in the order they came."""
    if not isinstance(values, list):
        return None
    found: dict[object, object] = {}
    for value in values:
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                found.setdefault(identity(one), one)
    return list(found.values())[: size if size is None else max(0, size)]


def _merge_bags(bags: object, size: int | None) -> dict[str, object] | None:
    """One bag of the properties of all bags in a list, of one name the first."""
    if not isinstance(bags, list):
        return None
    merged: dict[str, object] = {}
    for bag in bags:
        if isinstance(bag, dict):
            for name, value in bag.items():
                merged.setdefault(name, value)
    return merged if size is None else dict(list(merged.items())[: max(0, size)])


def _joined_arrays(arrays: object) -> list[object] | None:
    """All elements of a list of arrays."""
    if not isinstance(arrays, list):
        return None
    return [one for array in arrays if isinstance(array, list) for one in array]


def _weighted(digest: object) -> list[tuple[Any, int]]:
    """The values of a digest with their weights, in order; a digest is a list of values or of pairs."""
    if not isinstance(digest, list):
        return []
    pairs = [(one[0], one[1]) if isinstance(one, list) and len(one) == 2 else (one, 1) for one in digest]
    kept = [(value, weight) for value, weight in pairs if value is not None and isinstance(weight, int) and weight > 0]
    if all(isinstance(value, int | float) for value, _ in kept) or all(isinstance(value, str) for value, _ in kept):
        return sorted(kept, key=lambda pair: pair[0])
    return []


def _percentile_tdigest(digest: object, share: float | None) -> object:
    """The value that a percent of a digest's values is not above, by the nearest rank; a type may be given.

    Example: `percentile_tdigest(tdigest_Duration, 95, typeof(long))`.
    """
    values = _weighted(digest)
    if not values or share is None or not 0 <= share <= 100:
        return None
    wanted = math.ceil(sum(weight for _, weight in values) * share / 100)
    seen = 0
    for value, weight in values:
        seen += weight
        if seen >= wanted:
            return value
    return values[-1][0]


def _percentiles_array_tdigest(digest: object, shares: object) -> list[object] | None:
    """The array of the values that percents of a digest's values are not above.

    Example: `percentiles_array_tdigest(tdigest_Duration, 50, 95)`.
    """
    if not isinstance(digest, list) or not isinstance(shares, list):
        return None
    flat = [one for share in shares for one in (share if isinstance(share, list) else [share])]
    return [_percentile_tdigest(digest, one if isinstance(one, int | float) else None) for one in flat]


def _rank_tdigest(digest: object, value: object) -> float | None:
    """How many of a digest's values are not above a value, counted with their weights.

    Example: `rank_tdigest(tdigest_Duration, 100)`.
    """
    values = _weighted(digest)
    if not values or type(value) is bool or not isinstance(value, type(values[0][0]) | int | float):
        return None
    return float(sum(weight for one, weight in values if one <= value))


def _percentrank_tdigest(digest: object, value: object) -> float | None:
    """The percent of a digest's values that are not above a value.

    Example: `percentrank_tdigest(tdigest_Duration, 100)`.
    """
    rank = _rank_tdigest(digest, value)
    total = sum(weight for _, weight in _weighted(digest))
    return None if rank is None or not total else 100 * rank / total


def _merge_tdigest(digests: list[object]) -> list[object] | None:
    """The digests as one.

    Example: `merge_tdigest(tdigest_x, tdigest_y)`.
    """
    arrays = [one for one in digests if isinstance(one, list)]
    return [one for array in arrays for one in array] if arrays else None


def _hll_merge(sets: list[object]) -> list[object] | None:
    """The union of sets that `hll` made.

    Example: `hll_merge(hll_x, hll_y)`.
    """
    arrays = [one for one in sets if isinstance(one, list)]
    return _distinct_elements(arrays, None) if arrays else None


def _dcount_hll(values: object) -> int:
    """How many different values a set that `hll` made holds.

    Example: `dcount_hll(hll_DeviceId)`.
    """
    return len(values) if isinstance(values, list) else 0


_SCHEMA_TYPES: Final = ((bool, "bool"), (int, "long"), (float, "double"), (str, "string"))


def _schema_of(values: object) -> object:
    """The smallest schema that all values of a list fit."""
    return _schema(values) if isinstance(values, list) and values else None


def _schema(values: list[object]) -> object:
    kinds: list[object] = []
    for kind, name in _SCHEMA_TYPES:
        if any(type(one) is kind for one in values):
            kinds.append(name)
    bags = [one for one in values if isinstance(one, dict)]
    arrays = [one for one in values if isinstance(one, list)]
    if bags:
        names = dict.fromkeys(name for bag in bags for name in bag)
        kinds.append({name: _schema([bag[name] for bag in bags if name in bag]) for name in names})
    if arrays:
        elements = [one for array in arrays for one in array]
        kinds.append({"`indexer`": _schema(elements)} if elements else {})
    return kinds[0] if len(kinds) == 1 else kinds


_DYNAMIC, _LONG, _REAL = KustoType.DYNAMIC, KustoType.LONG, KustoType.REAL

ROUTINES: Final = (
    Routine("distinct_elements", _distinct_elements, (_DYNAMIC, _LONG), _DYNAMIC),
    Routine("merge_bags", _merge_bags, (_DYNAMIC, _LONG), _DYNAMIC),
    Routine("joined_arrays", _joined_arrays, (_DYNAMIC,), _DYNAMIC),
    Routine("schema_of", _schema_of, (_DYNAMIC,), _DYNAMIC),
    Routine("percentile_tdigest", _percentile_tdigest, (_DYNAMIC, _REAL), _DYNAMIC),
    Routine("percentiles_array_tdigest", _percentiles_array_tdigest, (_DYNAMIC,), _DYNAMIC, rest=True),
    Routine("rank_tdigest", _rank_tdigest, (_DYNAMIC, _DYNAMIC), _REAL),
    Routine("percentrank_tdigest", _percentrank_tdigest, (_DYNAMIC, _DYNAMIC), _REAL),
    Routine("merge_tdigest", _merge_tdigest, (), _DYNAMIC, rest=True),
    Routine("hll_merge", _hll_merge, (), _DYNAMIC, rest=True),
    Routine("dcount_hll", _dcount_hll, (_DYNAMIC,), _LONG),
)
