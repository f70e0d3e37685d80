"""Patterns as RE2 reads them, rewritten for Java, whose regular expressions Spark uses."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.engines.spark.nodes.call import quoted

if TYPE_CHECKING:
    from sqlglot.generator import Generator

__all__ = ["JAVA_PATTERN", "java_pattern", "pattern_sql", "replacement_of"]

JAVA_PATTERN: Final = "TIERCEL_JAVA_PATTERN"
"""The user function that rewrites a pattern which is known only when the query runs."""

_WORD: Final = "[0-9A-Za-z_]"
_EDGE: Final = f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))"
_NO_EDGE: Final = f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))"
_SPACE: Final = r"\t\n\f\r "

_FLAGS: Final = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAMED: Final = re.compile(r"\(\?P?<\w+>")
_REPEAT: Final = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})(\??)")
_CODE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]+)\}|(0[0-7]{0,2}|[1-7][0-7]{1,2}))")
_PROPERTY: Final = re.compile(r"\\([pP])(?:([A-Z])|\{(\^?)(\w+)\})")
_CLASS_NAME: Final = re.compile(r"\[:(\^?)(\w+):\]")

_CLASSES: Final[dict[str, str]] = {
    name.lower(): name
    for name in (
        "Alnum",
        "Alpha",
        "ASCII",
        "Blank",
        "Cntrl",
        "Digit",
        "Graph",
        "Lower",
        "Print",
        "Punct",
        "Upper",
        "XDigit",
    )
}


@dataclass(frozen=True, slots=True)
class _Mode:
    """The flags in force that Java spells or means otherwise: they are worked into the pattern."""

    lines: bool = False
    dot_all: bool = False
    lazy: bool = False


def java_pattern(pattern: str) -> str:
    r"""The pattern that finds in Java what the given one finds in RE2.

    Java's `$` also stands before a last line break, its `.` leaves out more line ends, `\s` takes one character more,
    `\b` knows all letters, `[a[b]]` is a union, and its names, classes and octal codes are spelt otherwise.

    >>> java_pattern(r"^(?P<name>\w+)\s.$")
    '\\A(\\w+)[\\t\\n\\f\\r ][^\\n]\\z'
    """
    return _Rewriting(pattern).whole()


class _Rewriting:
    """Goes through a pattern once. What RE2 could not read was refused before, or fails in Java too."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0
        self.modes = [_Mode()]

    def whole(self) -> str:
        made: list[str] = []
        while self.at < len(self.pattern):
            made.append(self.step())
        return "".join(made)

    def taken(self, length: int) -> str:
        text = self.pattern[self.at : self.at + length]
        self.at += length
        return text

    def step(self) -> str:
        mode = self.modes[-1]
        if repeat := _REPEAT.match(self.pattern, self.at):
            self.at = repeat.end()
            greedy = bool(repeat[1]) == mode.lazy
            return repeat[0].removesuffix("?") + ("" if greedy else "?") if repeat[1] else repeat[0] + "?" * mode.lazy
        match self.pattern[self.at]:
            case "\\":
                return self.escape(within=False)
            case "[":
                return self.character_class()
            case "(":
                return self.group()
            case ")":
                if len(self.modes) > 1:
                    self.modes.pop()
                return self.taken(1)
            case "^":
                self.at += 1
                return r"(?:\A|(?<=\n))" if mode.lines else r"\A"
            case "$":
                self.at += 1
                return r"(?=\n|\z)" if mode.lines else r"\z"
            case ".":
                self.at += 1
                return r"[\s\S]" if mode.dot_all else r"[^\n]"
            case "{" | "}":
                return "\\" + self.taken(1)
            case _:
                return self.taken(1)

    def group(self) -> str:
        flags, named = _FLAGS.match(self.pattern, self.at), _NAMED.match(self.pattern, self.at)
        if named:
            self.at = named.end()
            self.modes.append(self.modes[-1])
            return "("
        if not flags:
            self.modes.append(self.modes[-1])
            return self.taken(1)
        self.at = flags.end()
        mode = self.modes[-1]
        for names, state in ((flags[1], True), (flags[2] or "", False)):
            mode = replace(
                mode,
                lines=state if "m" in names else mode.lines,
                dot_all=state if "s" in names else mode.dot_all,
                lazy=state if "U" in names else mode.lazy,
            )
        case = "iu" if "i" in flags[1] else "-iu" if "i" in (flags[2] or "") else ""
        if flags[3] == ":":
            self.modes.append(mode)
            return f"(?{case}:"
        self.modes[-1] = mode
        return f"(?{case})" if case else ""

    def escape(self, *, within: bool) -> str:
        """What begins with a backslash here, as Java has it, `within` a class of characters or outside."""
        if code := _CODE.match(self.pattern, self.at):
            self.at = code.end()
            digits = code[1] or code[2]
            return f"\\x{{{int(digits, 16) if digits else int(code[3], 8):x}}}"
        if found := _PROPERTY.match(self.pattern, self.at):
            self.at = found.end()
            name = found[2] or found[4]
            negated = (found[1] == "P") != bool(found[3])
            return f"\\{'P' if negated else 'p'}{{{name if len(name) <= 2 else f'Is{name}'}}}"
        if self.pattern.startswith("\\Q", self.at):
            text, _, _ = self.pattern[self.at + 2 :].partition("\\E")
            self.at = min(len(self.pattern), self.at + 4 + len(text))
            return "".join(one if one.isalnum() else f"\\{one}" for one in text)
        escaped = self.taken(2)
        match escaped:
            case r"\s":
                return _SPACE if within else f"[{_SPACE}]"
            case r"\S":
                return f"[^{_SPACE}]"
            case r"\v":
                return r"\x0B"
            case r"\b":
                return _EDGE
            case r"\B":
                return _NO_EDGE
            case r"\C":
                return r"[\s\S]"
        return escaped

    def character_class(self) -> str:
        made = [self.taken(2 if self.pattern.startswith("^", self.at + 1) else 1)]
        first = True
        while self.at < len(self.pattern) and (first or self.pattern[self.at] != "]"):
            first = False
            if name := _CLASS_NAME.match(self.pattern, self.at):
                self.at = name.end()
                made.append(_class_of(name[2], negated=bool(name[1])))
            elif self.pattern[self.at] == "\\":
                made.append(self.escape(within=True))
            else:
                one = self.taken(1)
                made.append(f"\\{one}" if one in "[]&^" else one)
        return "".join(made) + self.taken(1)


def _class_of(name: str, *, negated: bool) -> str:
    match name:
        case "word":
            return r"\W" if negated else r"\w"
        case "space":
            return f"[^{_SPACE}\\x0B]" if negated else f"{_SPACE}\\x0B"
    return f"\\{'P' if negated else 'p'}{{{_CLASSES.get(name, name)}}}"


def pattern_sql(generator: Generator, pattern: exp.Expr) -> str:
    """The pattern as Spark's SQL takes it: rewritten now where it is known, by a user function where it is not."""
    if isinstance(pattern, exp.Literal):
        return quoted(java_pattern(pattern.name))
    return f"{JAVA_PATTERN}({generator.sql(pattern)})"


def replacement_of(replacement: str) -> str:
    r"""RE2's replacement as Java reads it; a digit behind a group's number would be taken for part of it.

    >>> replacement_of(r"$ \1\\")
    '\\$ $1\\\\'
    """

    def rewritten(found: re.Match[str]) -> str:
        if found[1]:
            return f"${found[1]}" + (f"\\{found[2]}" if found[2] else "")
        return {"$": r"\$", "\\\\": r"\\"}.get(found[0], found[0])

    return re.sub(r"\\(\d)(\d?)|\\\\|\$", rewritten, replacement)
