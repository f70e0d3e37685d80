"""What RE2 cannot read in a regular expression, told before the query runs.

Source: RE2's syntax page (github.com/google/re2/wiki/Syntax) and what RE2, as DuckDB has it, says to every construct.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["pattern_fault"]

_REPEAT: Final = re.compile(r"[*+?]|\{(\d{1,9})(?:(,)(\d{0,9}))?\}")
_MOST: Final = 1000
_FLAGS: Final = re.compile(r"\?([imsU]*(?:-[imsU]+)?)([:)])")
_NAME: Final = re.compile(r"\?P<\w+>")
_LOOKAROUND: Final = re.compile(r"\?<?[=!]")
_ESCAPE: Final = re.compile(
    r"[afnrtvdDsSwW]|x[0-9A-Fa-f]{2}|x\{0*(?:10|[0-9A-Fa-f])?[0-9A-Fa-f]{1,4}\}|0[0-7]{0,2}|[1-7][0-7]{1,2}"
    r"|[pP](?:[CLMNPSZ]|\{\^?[A-Za-z_]+\})|[\x00-/:-@\[-`{-\x7f]"
)
_OUTSIDE_CLASSES: Final = ("b", "B", "A", "z", "C")
_CLASS_NAME: Final = re.compile(
    r"\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]"
)
_SINGLE: Final = re.compile(r"[^dDsSwWpP]")


def pattern_fault(pattern: str) -> str:
    r"""What is wrong with a pattern, in a few words; nothing where RE2 can read it.

    >>> pattern_fault(r"(\w+)\.exe$"), pattern_fault("a(b"), pattern_fault("a(?=b)")
    ('', 'a bracket `(` is not closed', 'it looks ahead or behind, which RE2 cannot')
    """
    return _Reader(pattern).fault()


class _Fault(Exception):  # noqa: N818  it leaves a loop in a loop
    """What is wrong, as its text."""


class _Reader:
    """Goes through a pattern once."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0
        self.depth = 0
        self.repeatable = False

    def fault(self) -> str:
        try:
            while self.at < len(self.pattern):
                self.step()
        except _Fault as fault:
            return str(fault)
        return "a bracket `(` is not closed" if self.depth else ""

    def step(self) -> None:
        character = self.pattern[self.at]
        repeat = _REPEAT.match(self.pattern, self.at)
        if repeat:
            self.repetition(repeat)
        elif character == "\\":
            self.escape()
        elif character == "[":
            self.character_class()
        elif character == "(":
            self.group()
        else:
            if character == ")":
                self.depth -= 1
                if self.depth < 0:
                    raise _Fault("a bracket `)` closes nothing")
            self.at += 1
            self.repeatable = character != "|"

    def repetition(self, repeat: re.Match[str]) -> None:
        if not self.repeatable:
            raise _Fault(f"there is nothing that `{repeat[0]}` could repeat")
        counts = [int(one) for one in (repeat[1], repeat[3]) if one]
        if any(one > _MOST for one in counts) or counts != sorted(counts):
            raise _Fault(f"`{repeat[0]}` repeats more than {_MOST} times, or less than it begins with")
        self.at = repeat.end()
        if self.pattern[self.at : self.at + 1] == "?":
            self.at += 1
        if _REPEAT.match(self.pattern, self.at):
            raise _Fault("a repetition is repeated: put brackets around the first")

    def escape(self) -> None:
        rest = self.pattern[self.at + 1 :]
        if rest.startswith("Q"):
            quoted, _, _ = rest[1:].partition("\\E")
            self.at = min(len(self.pattern), self.at + 4 + len(quoted))
            self.repeatable = self.repeatable or bool(quoted)
            return
        self.at += 2 if rest.startswith(_OUTSIDE_CLASSES) else len(self.escaped(rest)) + 1
        self.repeatable = True

    @staticmethod
    def escaped(rest: str) -> str:
        found = _ESCAPE.match(rest)
        if not rest:
            raise _Fault("it ends with a lone backslash")
        if not found:
            raise _Fault(f"it has no escape `\\{rest[0]}`")
        return found[0]

    def group(self) -> None:
        rest = self.pattern[self.at + 1 :]
        flags, name = _FLAGS.match(rest), _NAME.match(rest)
        if _LOOKAROUND.match(rest):
            raise _Fault("it looks ahead or behind, which RE2 cannot")
        if rest.startswith("?") and not flags and not name:
            raise _Fault(f"RE2 knows no group `({rest[:2]}`")
        self.at += 1 + len((flags or name or [""])[0])
        if not (flags and flags[2] == ")"):
            self.depth += 1
            self.repeatable = False

    def character_class(self) -> None:
        start = self.at
        self.at += 2 if self.pattern.startswith("^", start + 1) else 1
        first = True
        while first or not self.pattern.startswith("]", self.at):
            if self.at >= len(self.pattern):
                raise _Fault("a bracket `[` is not closed")
            first = False
            name = _CLASS_NAME.match(self.pattern, self.at)
            if name:
                self.at = name.end()
                continue
            if self.pattern.startswith("[:", self.at) and ":]" in self.pattern[self.at + 2 :]:
                raise _Fault("a class of characters has a name that RE2 does not know")
            low = self.member()
            follows = self.pattern[self.at : self.at + 2]
            if low is not None and follows[:1] == "-" and follows not in {"-", "-]"}:
                self.at += 1
                high = self.member()
                if high is None or high < low:
                    raise _Fault(f"`{self.pattern[start : self.at]}` has a range from more to less")
        self.at += 1
        self.repeatable = True

    def member(self) -> int | None:
        """The code point of the next member of a class; None for a class within it."""
        character = self.pattern[self.at]
        if character != "\\":
            self.at += 1
            return ord(character)
        found = self.escaped(self.pattern[self.at + 1 :])
        self.at += len(found) + 1
        return _code_point(found) if _SINGLE.match(found) else None


def _code_point(escape: str) -> int:
    """The character that an escape of a single one stands for."""
    if escape[0] == "x":
        return int(escape[1:].strip("{}"), 16)
    if escape[0].isdigit():
        return int(escape, 8)
    return ord({"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}.get(escape, escape))
