"""Property bags: merging, changing, looking inside."""

from __future__ import annotations

import re
from typing import Any, Final

from tiercel.kql.literals import datetime_text, timespan_text
from tiercel.plan.routines.arrays import LARGEST_ARRAY
from tiercel.plan.routines.dynamic import dynamic_text, read_json, write_json
from tiercel.plan.routines.routine import Routine
from tiercel.tables import KustoType

__all__ = ["ROUTINES"]

_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[\s*(?:'([^']*)'|\"([^\"]*)\"|(-?\d+))\s*\]")
_DEEPEST: Final = 100


def _steps_of_key(key: str) -> list[str | int] | None:
    """The steps of a path like `$.a.b`, or the one step of a name."""
    return _steps(key) if key.startswith("$.") else [key]


def _steps(path: str) -> list[str | int] | None:
    """The steps of a path like `$.a.b[0]`; None where the text is no such path."""
    if not path.startswith("$") or len(path) > 10_000:
        return None
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            return None
        steps.append(
            int(match[4]) if match[4] is not None else next(one for one in match.groups()[:3] if one is not None)
        )
        at = match.end()
    return steps


def _follow(value: Any, steps: list[str | int]) -> tuple[bool, object]:
    """Whether the path leads somewhere, and where."""
    for step in steps:
        if isinstance(step, int):
            if not isinstance(value, list) or not -len(value) <= step < len(value):
                return False, None
        elif not isinstance(value, dict) or step not in value:
            return False, None
        value = value[step]
    return True, value


def _bag_merge(bags: list[object]) -> dict[str, object] | None:
    """One bag of the properties of all bags; of those with one name the first stays.

    Example: `bag_merge(dynamic({"a": 1}), dynamic({"a": 2, "b": 3}))` is {"a": 1, "b": 3}.
    """
    merged: dict[str, object] = {}
    given = [bag for bag in bags if isinstance(bag, dict)]
    for bag in given:
        for name, value in bag.items():
            merged.setdefault(name, value)
    return merged if given else None


def _bag_remove_keys(bag: object, keys: object) -> object:
    """The bag without the properties of an array of names or of paths (`$.a.b`).

    Example: `bag_remove_keys(dynamic({"a": 1, "b": 2}), dynamic(["a"]))` is {"b": 2}.
    """
    if not isinstance(bag, dict) or not isinstance(keys, list):
        return None
    result: object = bag
    for key in keys:
        steps = _steps_of_key(dynamic_text(key))
        result = _without(result, steps) if steps else result
    return result


def _without(value: object, steps: list[str | int]) -> object:
    name, *others = steps
    if not isinstance(value, dict) or name not in value:
        return value
    if not others:
        return {one: held for one, held in value.items() if one != name}
    return {one: _without(held, others) if one == name else held for one, held in value.items()}


def _bag_set_key(bag: object, key: str | None, value: object) -> object:
    """The bag with a property, named or at a path (`$.a.b`), set to a value; what lacks on the way is made.

    Example: `bag_set_key(dynamic({"a": 1}), "b", 2)` is {"a": 1, "b": 2}.
    """
    if not isinstance(bag, dict) or not key:
        return None
    steps = _steps_of_key(key)
    return _with(bag, steps, value) if steps and len(steps) <= _DEEPEST else None


def _with(bag: object, steps: list[str | int], value: object) -> object:
    name, *others = steps
    held = bag if isinstance(bag, dict) else {}
    rest = {one: held[one] for one in held if one != name}
    return {**rest, str(name): _with(held.get(name), others, value) if others else value}


def _bag_has_key(bag: object, key: str | None) -> bool | None:
    """Whether the bag has a property of that name, or at that path (`$.a.b`).

    Example: `bag_has_key(dynamic({"a": {"b": 1}}), "$.a.b")` is true.
    """
    if not isinstance(bag, dict) or key is None:
        return None
    steps = _steps_of_key(key)
    return _follow(bag, steps)[0] if steps else False


def _bag_zip(keys: object, values: object) -> dict[str, object] | None:
    """The bag of an array's names with the values at the same places of another array, null where it is too short.

    Names that are no text are left out.

    Example: `bag_zip(dynamic(["a", "b"]), dynamic([1, 2]))` is {"a": 1, "b": 2}.
    """
    if not isinstance(keys, list):
        return None
    held = values if isinstance(values, list) else []
    bag: dict[str, object] = {}
    for at, key in enumerate(keys):
        if isinstance(key, str):
            bag.setdefault(key, held[at] if at < len(held) else None)
    return bag


def _treepath(value: object) -> list[str]:
    """The paths of all properties of a dynamic value; `[0]` stands for every element of an array.

    Example: `treepath(parse_json('{"a": [{"b": 1}]}'))` is ["['a']", "['a'][0]", "['a'][0]['b']"].
    """
    paths: dict[str, None] = {}
    _walk(value, "", paths, 0)
    return list(paths)


def _walk(value: object, path: str, paths: dict[str, None], depth: int) -> None:
    if depth > _DEEPEST or len(paths) >= LARGEST_ARRAY:
        return
    inside: list[tuple[str, object]] = []
    if isinstance(value, dict):
        inside = [(f"{path}['{name}']", held) for name, held in value.items()]
    elif isinstance(value, list):
        inside = [(f"{path}[0]", held) for held in value]
    for one, held in inside:
        paths.setdefault(one)
        _walk(held, one, paths, depth + 1)


def _extract_json(path: str | None, text: str | None) -> object:
    """What a path (`$.a[0]`) leads to in a JSON text, as text or as the type given; else null.

    Example: `extract_json("$.name", '{"name": "John"}')` is `John`.
    """
    steps = _steps(path or "")
    return None if steps is None else _follow(read_json(text), steps)[1]


def _dynamic_to_json(value: object) -> str:
    """The value as JSON in a form of its own: names sorted, no spaces.

    Example: `dynamic_to_json(dynamic({"b": 1, "a": 2}))` is `{"a":2,"b":1}`.
    """
    return "" if value is None else write_json(_in_order(value, 0))


def _in_order(value: object, depth: int) -> object:
    if depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        return {name: _in_order(value[name], depth + 1) for name in sorted(value)}
    return [_in_order(one, depth + 1) for one in value] if isinstance(value, list) else value


def _texts_of_ticks(values: object, kind: str | None) -> list[str] | None:
    """Ticks as the texts of instants or durations."""
    if not isinstance(values, list):
        return None
    text = datetime_text if kind == "datetime" else timespan_text
    return [text(one) for one in values if isinstance(one, int)]


_DYNAMIC, _STRING = KustoType.DYNAMIC, KustoType.STRING

ROUTINES: Final = (
    Routine("bag_merge", _bag_merge, (), _DYNAMIC, rest=True),
    Routine("bag_remove_keys", _bag_remove_keys, (_DYNAMIC, _DYNAMIC), _DYNAMIC),
    Routine("bag_set_key", _bag_set_key, (_DYNAMIC, _STRING, _DYNAMIC), _DYNAMIC),
    Routine("bag_has_key", _bag_has_key, (_DYNAMIC, _STRING), KustoType.BOOL),
    Routine("bag_zip", _bag_zip, (_DYNAMIC, _DYNAMIC), _DYNAMIC),
    Routine("treepath", _treepath, (_DYNAMIC,), _DYNAMIC),
    Routine("extract_json", _extract_json, (_STRING, _STRING), _DYNAMIC),
    Routine("dynamic_to_json", _dynamic_to_json, (_DYNAMIC,), _STRING),
    Routine("texts_of_ticks", _texts_of_ticks, (_DYNAMIC, _STRING), _DYNAMIC),
)
