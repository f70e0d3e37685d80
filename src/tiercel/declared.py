"""Frozen dataclasses read back from JSON, each value held against its declared type; what does not fit is told."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

__all__ = ["Reader", "UnfitError"]

_WORDS: Final = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


class UnfitError(ValueError):
    """A value that is not what its declaration says; the message names its place."""


class Reader:
    """Reads values as declared.

    Args:
        names: what annotations name that their own modules import for type checkers alone.
        zone: what a time without a zone is in; None to leave it without.
        lists: classes that are made of a list, and the type of its values.

    """

    def __init__(
        self, names: Mapping[str, Any], zone: tzinfo | None = None, lists: Mapping[type, type] | None = None
    ) -> None:
        self._names = dict(names)
        self._zone = zone
        self._lists = lists or {}
        self._fields: dict[Any, tuple[tuple[dataclasses.Field[Any], Any], ...]] = {}

    def read(self, kind: Any, value: Any, place: str) -> Any:
        """The JSON value as a value of the declared type. Raises UnfitError with its place where it is none."""
        origin, arguments = get_origin(kind), get_args(kind)
        if kind is Any:
            return value
        if kind in self._lists:
            return kind(self._each(self._lists[kind], value, place))
        if dataclasses.is_dataclass(kind):
            return self._read_fields(kind, value, place)
        if origin in (types.UnionType, Union):
            return None if value is None else self.read(_not_none(arguments), value, place)
        if origin is tuple:
            if arguments[-1] is ...:
                return tuple(self._each(arguments[0], value, place))
            if len(_checked(list, value, place)) != len(arguments):
                raise UnfitError(f"{place}: {len(arguments)} values were expected, not {len(value)}")
            pairs = zip(arguments, value, strict=True)
            return tuple(self.read(each, item, f"{place}[{index}]") for index, (each, item) in enumerate(pairs))
        if origin is not None and issubclass(origin, Mapping):
            named = _checked(dict, value, place)
            return {key: self.read(arguments[1], each, f"{place}.{key}") for key, each in named.items()}
        if kind is datetime:
            return self._instant(value, place)
        return _plain(kind, value, place)

    def _each(self, kind: Any, value: Any, place: str) -> list[Any]:
        return [self.read(kind, each, f"{place}[{index}]") for index, each in enumerate(_checked(list, value, place))]

    def _read_fields(self, kind: Any, value: Any, place: str) -> Any:
        """The dataclass with these values; what is not given takes its default, what is not declared is passed over."""
        _checked(dict, value, place)
        read = {}
        for field, hint in self._declared(kind):
            if field.name in value:
                read[field.name] = self.read(hint, value[field.name], f"{place}.{field.name}")
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                raise UnfitError(f"{place}: `{field.name}` is missing")
        return kind(**read)

    def _declared(self, kind: Any) -> tuple[tuple[dataclasses.Field[Any], Any], ...]:
        if kind not in self._fields:
            hints = get_type_hints(kind, localns=self._names)
            self._fields[kind] = tuple((field, hints[field.name]) for field in dataclasses.fields(kind) if field.init)
        return self._fields[kind]

    def _instant(self, value: Any, place: str) -> datetime:
        try:
            time = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise UnfitError(f"{place}: a time was expected, not {_told(value)}") from None
        if self._zone is None:
            return time
        return time.astimezone(self._zone) if time.tzinfo else time.replace(tzinfo=self._zone)


def _not_none(arguments: tuple[Any, ...]) -> Any:
    return next(each for each in arguments if each is not types.NoneType)


def _plain(kind: Any, value: Any, place: str) -> Any:
    if issubclass(kind, StrEnum):
        if value not in list(kind):
            raise UnfitError(f"{place}: one of {', '.join(kind)} was expected, not {_told(value)}")
        return kind(value)
    if kind is float and type(value) is int:
        return float(value)
    return _checked(kind, value, place)


def _checked(kind: type, value: Any, place: str) -> Any:
    if type(value) is not kind:
        raise UnfitError(f"{place}: {_WORDS.get(kind, kind.__name__)} was expected, not {_told(value)}")
    return value


def _told(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__
