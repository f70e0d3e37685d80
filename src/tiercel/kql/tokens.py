"""The words of a KQL text, each with its exact offsets, and which bracket closes which."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["BAD", "CLOSERS", "END", "NAME", "NUMBER", "STRING", "TIMESPAN", "UNTERMINATED", "Tokens", "tokenize"]

NAME: Final = "name"
NUMBER: Final = "number"
TIMESPAN: Final = "timespan"
STRING: Final = "string"
UNTERMINATED: Final = "unterminated"
END: Final = "end"
BAD: Final = "bad"
PUNCTUATION: Final = "punctuation"

CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}
_OPENERS: Final = {closer: opener for opener, closer in CLOSERS.items()}
_BRACKETS: Final = frozenset("()[]{}")
_FAULTS: Final = frozenset({BAD, UNTERMINATED})

# The unit words of a timespan, as Kusto's token grammar has them (microsoft/Kusto-Query-Language, KqlTokens.g4).
_UNITS: Final = (
    r"d(?:ays?)?|h(?:ours?|rs?)?|m(?:in(?:utes?)?)?|s(?:ec(?:onds?)?)?|ms|milli(?:s(?:ec(?:onds?)?)?)?"
    r"|micro(?:s(?:ec(?:onds?)?)?)?|nano(?:s(?:ec(?:onds?)?)?)?|ticks?"
)

# One pattern for every token. Blanks come before a token, the end of the text is a token of its own, and the last
# branch takes any single character, so that a match always starts where the one before it ended.
_TOKEN: Final = re.compile(
    r"[\s\u180e\u200b\ufeff]*+"
    r"(?:"
    r"(?P<name>(?![hH](?:@?[\"']|```|~~~))[A-Za-z_$][A-Za-z0-9_$]*+(?:(?<=\bin)~)?)"
    r"|(?P<comment>//[^\n]*+)"
    r"|(?P<punctuation>=~|==|=>|!=|!~|![a-z_]+~?|<=|<>|>=|\.\.|[-+*/%(){}\[\],;:.|=<>])"
    r"|(?P<string>[hH]?(?:"
    r"\"[^\"\\\r\n]*+(?:\\[^\r\n][^\"\\\r\n]*+)*+\""
    r"|'[^'\\\r\n]*+(?:\\[^\r\n][^'\\\r\n]*+)*+'"
    r"|@\"[^\"\r\n]*+(?:\"\"[^\"\r\n]*+)*+\""
    r"|@'[^'\r\n]*+(?:''[^'\r\n]*+)*+'"
    r"|```(?s:.*?)```"
    r"|~~~(?s:.*?)~~~"
    r"))"
    r"|(?P<unterminated>[hH]?(?:(?:```|~~~)(?s:.*)|@?[\"'][^\r\n]*))"
    rf"|(?P<timespan>[0-9]+(?:\.[0-9]+)?(?:{_UNITS})(?![A-Za-z0-9_]))"
    r"|(?P<number>(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.(?!\.)[0-9]*)?(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_]))"
    r"|(?P<digits>[0-9]+[A-Za-z0-9_]*)"
    r"|(?P<end>\Z)"
    r"|(?P<bad>(?s:.))"
    r")"
)


_DIGITS: Final = "digits"
_COMMENT: Final = "comment"
_KINDS: Final = ("", NAME, _COMMENT, PUNCTUATION, STRING, UNTERMINATED, TIMESPAN, NUMBER, _DIGITS, END, BAD)
"""The kind of a token by the number of its group in the pattern."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text, as columns: token i has `kinds[i]`, `texts[i]`, and stands at `starts[i]:ends[i]`.

    The kind of a punctuation mark is the mark itself. `partners[i]` is the token that closes the bracket i, or opens it
    for a closing one, -1 where it has none. `faults` are the tokens that are BAD or UNTERMINATED. The last is END.
    """

    kinds: list[str]
    texts: list[str]
    starts: list[int]
    ends: list[int]
    partners: list[int]
    faults: list[int]


def tokenize(text: str) -> Tokens:
    """Every token of the text; never fails: what is no token has the kind BAD or UNTERMINATED."""
    kinds: list[str] = []
    texts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    brackets: list[int] = []
    faults: list[int] = []
    for match in _TOKEN.finditer(text):
        index = match.lastindex or 0
        kind = _KINDS[index]
        if kind == _COMMENT:
            continue
        start, end = match.span(index)
        word = text[start:end]
        if kind == PUNCTUATION:
            kind = word
            if word in _BRACKETS:
                brackets.append(len(kinds))
        elif kind == _DIGITS:
            kind = NAME  # KQL's names may start with digits (KqlTokens.g4, IDENTIFIER)
        elif kind in _FAULTS:
            faults.append(len(kinds))
        kinds.append(kind)
        texts.append(word)
        starts.append(start)
        ends.append(end)
    return Tokens(kinds, texts, starts, ends, _partners(kinds, brackets), faults)


def _partners(kinds: list[str], brackets: list[int]) -> list[int]:
    """For each token the bracket that belongs to it, -1 for none, given where the brackets are."""
    partners = [-1] * len(kinds)
    waiting: list[int] = []
    waiting_count = dict.fromkeys(CLOSERS, 0)
    for at in brackets:
        kind = kinds[at]
        if kind in CLOSERS:
            waiting.append(at)
            waiting_count[kind] += 1
            continue
        opener = _OPENERS[kind]
        if not waiting_count[opener]:
            continue
        # Brackets opened after the one that this closes stay without a partner.
        while True:
            bracket = waiting.pop()
            waiting_count[kinds[bracket]] -= 1
            if kinds[bracket] == opener:
                break
        partners[bracket], partners[at] = at, bracket
    return partners
