"""`name = value` after an operator's word: `kind=inner`, `hint.strategy=shuffle`, `isfuzzy=true`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.kql.cursor import did_you_mean, shown
from tiercel.kql.syntax import Hint, Region
from tiercel.kql.tokens import NAME, NUMBER, STRING, TIMESPAN

if TYPE_CHECKING:
    from collections.abc import Collection

    from tiercel.kql.expressions import Expressions

__all__ = ["EXPANDING", "JOINING", "NOTHING", "SEARCHING", "UNITING", "read_hints"]

NOTHING: Final[tuple[str, ...]] = ()
JOINING: Final = ("kind", "isfuzzy")
UNITING: Final = ("kind", "withsource", "with_source", "isfuzzy")
SEARCHING: Final = ("kind", "withsource", "with_source", "datascope", "isfuzzy")
_INTERNAL: Final = ("__crossCluster", "__crossDB", "__id", "__isFuzzy", "__noWithSource", "__packedColumn")
EXPANDING: Final = ("kind", "bagexpansion", "with_itemindex")


def read_hints(read: Expressions, known: Collection[str] = NOTHING, *, strict: bool = False) -> tuple[Hint, ...]:
    """The hints that stand next. `hint.anything` is always known; with `strict` any other `name =` is a fault."""
    hints: list[Hint] = []
    while read.kinds[read.at] == NAME:
        at = read.at
        word = read.texts[at]
        last = at
        if word == "hint" and read.kinds[read.at + 1] == "." and read.kinds[read.at + 2] == NAME:
            last = at + 2
        if read.kinds[last + 1] != "=":
            break
        name = read.text[read.starts[at] : read.ends[last]]
        if last == at and word not in known and word not in _INTERNAL:
            if strict:
                raise read.fault(
                    "kql-unknown-hint", f"`{shown(word)}` is no parameter here", at, at, did_you_mean(word, known)
                )
            break
        read.at = last + 2
        hints.append(Hint(region=Region(0, 0), name=name, value=_value(read)))
        hints[-1] = Hint(region=read.region_from(at), name=name, value=hints[-1].value)
    return tuple(hints)


def _value(read: Expressions) -> str:
    at = read.at
    kind = read.kinds[at]
    if kind == STRING:
        read.at += 1
        return read.string_value(at)
    if kind == "[":
        return read.name().text
    if kind == "*":
        read.at += 1
        return "*"
    if kind in (NAME, NUMBER, TIMESPAN):
        read.at += 1
        return read.texts[at]
    raise read.unexpected("a value", where="after `=`")
