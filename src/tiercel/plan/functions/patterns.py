"""Regular expressions as Kusto reads them: RE2, constant, without what RE2 has not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tiercel.plan.functions.forms import constant_text
from tiercel.plan.functions.re2 import pattern_fault
from tiercel.plan.values import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiercel.plan.values import Typed

__all__ = ["checked_pattern", "checked_rewrite", "constant_pattern", "group_count"]

_MOST_GROUPS: Final = 16
_NAMED: Final = re.compile(r"\?(?:P?<(?![=!])|')([A-Za-z_][A-Za-z0-9_]*)[>']")


def _groups(pattern: str) -> Iterator[tuple[int, str]]:
    """Every opening bracket outside a class, with what follows it."""
    at, in_class = 0, False
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 2
            continue
        if in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
            if pattern[at + 1 : at + 3] == "^]" or pattern[at + 1 : at + 2] == "]":
                at += 2 if pattern[at + 1] == "^" else 1
        elif character == "(":
            yield at, pattern[at + 1 :]
        at += 1


def group_count(pattern: str) -> int:
    r"""How many groups the pattern captures.

    >>> group_count(r"(a)(?:b)(?<c>[(])\(")
    2
    """
    return sum(1 for _, rest in _groups(pattern) if not rest.startswith("?") or _NAMED.match(rest))


def checked_pattern(name: str, pattern: str) -> str:
    """The pattern in RE2's spelling of named groups; refused where RE2, and so Kusto, cannot read it."""
    pieces: list[str] = []
    done = 0
    for at, rest in _groups(pattern):
        named = _NAMED.match(rest)
        if named:
            pieces.append(f"{pattern[done:at]}(?P<{named[1]}>")
            done = at + 1 + named.end()
    spelled = "".join(pieces) + pattern[done:]
    fault = pattern_fault(spelled)
    if fault:
        raise Refusal("kql-regex", f"the pattern of `{name}` cannot be read: {fault}")
    return spelled


def constant_pattern(name: str, position: int, arguments: Sequence[Typed]) -> str:
    """The pattern among the arguments, which must be constant."""
    return checked_pattern(name, constant_text(name, position, arguments))


def checked_rewrite(name: str, rewrite: str, groups: int) -> str:
    r"""The replacement with every backslash that starts no group doubled; refused where it names a group there is not.

    >>> checked_rewrite("replace_regex", r"was: \1 \x", 1)
    'was: \\1 \\\\x'
    """

    def checked(match: re.Match[str]) -> str:
        following = match[1]
        if following == "\\":
            return match[0]
        if following.isascii() and following.isdigit():
            if int(following) > groups:
                raise Refusal(
                    "kql-regex", f"the pattern of `{name}` has {groups} groups, its replacement names \\{following}"
                )
            return match[0]
        return f"\\\\{following}"

    return re.sub(r"\\(.|$)", checked, rewrite, flags=re.DOTALL)
