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

CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}
_OPENERS: Final = {closer: opener for opener, closer in CLOSERS.items()}

# The unit words of a timespan, as Kusto's token grammar has them (microsoft/Kusto-Query-Language, KqlTokens.g4).
_UNITS: Final = (
    r"d(?:ays?)?|h(?:ours?|rs?)?|m(?:in(?:utes?)?)?|s(?:ec(?:onds?)?)?|ms|milli(?:s(?:ec(?:onds?)?)?)?"
    r"|micro(?:s(?:ec(?:onds?)?)?)?|nano(?:s(?:ec(?:onds?)?)?)?|ticks?"
)

# One pattern for every token. Blanks and comments come before a token, the end of the text is a token of its own, and
# the last branch takes any single character, so that a match always starts where the one before it ended.
_TOKEN: Final = re.compile(
    r"(?:[\s\u180e\u200b\ufeff]+|//[^\n]*)*+"
    r"(?:"
    r"(?P<name>(?![hH](?:@?[\"']|```|~~~))[A-Za-z_$][A-Za-z0-9_$]*+(?:(?<=\bin)~)?)"
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


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text, as columns: token i has `kinds[i]`, `texts[i]`, and stands at `starts[i]:ends[i]`.

    The kind of a punctuation mark is the mark itself. `partners[i]` is the token that closes the bracket i, or opens it
    for a closing one, -1 where it has none. The last token is END.
    """

    kinds: list[str]
    texts: list[str]
    starts: list[int]
    ends: list[int]
    partners: list[int]


def tokenize(text: str) -> Tokens:
    """Every token of the text; never fails: what is no token has the kind BAD or UNTERMINATED."""
    kinds: list[str] = []
    texts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    partners: list[int] = []
    open_brackets: list[int] = []
    open_count = dict.fromkeys(CLOSERS, 0)
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or END
        word = match[kind]
        start, end = match.span(kind)
        if kind == "punctuation":
            kind = word
            if word in CLOSERS:
                open_brackets.append(len(kinds))
                open_count[word] += 1
            elif word in _OPENERS:
                partner = -1
                if open_count[_OPENERS[word]]:
                    partner = _close(word, kinds, open_brackets, open_count)
                    partners[partner] = len(kinds)
                kinds.append(kind)
                texts.append(word)
                starts.append(start)
                ends.append(end)
                partners.append(partner)
                continue
        elif kind == "digits":
            # KQL's names may start with digits (KqlTokens.g4, IDENTIFIER).
            kind = NAME
        kinds.append(kind)
        texts.append(word)
        starts.append(start)
        ends.append(end)
        partners.append(-1)
    return Tokens(kinds, texts, starts, ends, partners)


def _close(closer: str, kinds: list[str], open_brackets: list[int], open_count: dict[str, int]) -> int:
    """The open bracket that `closer` closes; there is one. Brackets opened after it stay without a partner."""
    opener = _OPENERS[closer]
    while True:
        bracket = open_brackets.pop()
        open_count[kinds[bracket]] -= 1
        if kinds[bracket] == opener:
            return bracket
