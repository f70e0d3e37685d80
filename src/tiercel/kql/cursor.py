"""Where the parser stands among the tokens, what it may take there, and the issues that it has found so far."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from tiercel.errors import Issue, Severity
from tiercel.kql.literals import read_string
from tiercel.kql.syntax import Name, Region
from tiercel.kql.tokens import BAD, CLOSERS, END, NAME, NUMBER, STRING, TIMESPAN, UNTERMINATED, Tokens, tokenize
from tiercel.kql.words import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiercel.kql.source import Source

__all__ = ["MAX_DEPTH", "Cursor", "SyntaxFault", "TooManyIssues", "did_you_mean", "shown"]

MAX_DEPTH: Final = 100
"""How deep brackets and calls may nest. Python's own stack holds about twice that."""

_MAX_ISSUES: Final = 50

_WORDS_OF_KINDS: Final = {
    NAME: "a name",
    NUMBER: "a number",
    TIMESPAN: "a timespan",
    STRING: "a string",
    END: "the end of the query",
}


class SyntaxFault(Exception):  # noqa: N818  a fault in the text, turned into an Issue at the next place to go on from
    """The text cannot be read on from here; caught where the parser can go on, at `|` and `;`.

    `issue` is None where the tokenizer has spoken already.
    """

    def __init__(self, issue: Issue | None) -> None:
        super().__init__(str(issue))
        self.issue = issue


class TooManyIssues(Exception):  # noqa: N818  the end of a hopeless text, not an error of the program
    """So many issues were found that more would help nobody."""


def shown(text: str) -> str:
    """A piece of the text fit for a message: one line, at most 40 characters, nothing that a terminal obeys."""
    cut = text if len(text) <= 40 else text[:37] + "..."
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in cut)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The hint that names the known word nearest to this one, empty where none is near."""
    near = get_close_matches(word[:60].lower(), list(known), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""


_SPANS = frozenset({"d", "h", "m", "s", "ms", "day", "days", "hour", "hours", "min", "minute", "minutes", "seconds"})
_TESTS = frozenset({"not", "isnull", "isnotnull", "isempty", "isnotempty", "tolower", "toupper", "tostring"})
_COMPARISONS = [
    "contains",
    "!contains",
    "contains_cs",
    "startswith",
    "!startswith",
    "endswith",
    "!endswith",
    "has",
    "!has",
    "has_cs",
    "has_any",
    "has_all",
    "hasprefix",
    "hassuffix",
    "in",
    "!in",
    "matches",
    "between",
    "and",
    "or",
]


class Cursor:
    """A place among the tokens of a source. `at` is the index of the next token."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        tokens: Tokens = tokenize(source.text)
        # Two more ends: whoever looks two tokens ahead from the last one finds nothing there.
        self.kinds = [*tokens.kinds, END, END]
        self.texts = [*tokens.texts, "", ""]
        self.starts = [*tokens.starts, len(self.text), len(self.text)]
        self.ends = [*tokens.ends, len(self.text), len(self.text)]
        self.partners = [*tokens.partners, -1, -1]
        self.faults = tokens.faults
        self.at = 0
        self.depth = 0
        self.issues: list[Issue] = []
        self.warnings: list[Issue] = []

    # --- looking -------------------------------------------------------------------------------------------------

    def is_next(self, *kinds: str) -> bool:
        """Whether the next tokens are of these kinds."""
        at = self.at
        return self.kinds[at : at + len(kinds)] == list(kinds)

    def is_word(self, word: str, ahead: int = 0) -> bool:
        """Whether a name that reads `word` comes next (or `ahead` tokens later)."""
        at = self.at + ahead
        return self.texts[at] == word and self.kinds[at] == NAME

    def touches(self, at: int) -> bool:
        """Whether token `at` follows the one before it without a blank."""
        return self.starts[at] == self.ends[at - 1]

    # --- taking --------------------------------------------------------------------------------------------------

    def accept(self, kind: str) -> bool:
        """Step over the next token if it is of this kind."""
        if self.kinds[self.at] == kind:
            self.at += 1
            return True
        return False

    def accept_word(self, word: str) -> bool:
        """Step over the next token if it is the name `word`."""
        if self.texts[self.at] == word and self.kinds[self.at] == NAME:
            self.at += 1
            return True
        return False

    def expect(self, kind: str, *, where: str = "", hint: str = "") -> int:
        """The index of the next token, stepped over; a fault if it is not of this kind."""
        at = self.at
        if self.kinds[at] != kind:
            raise self.unexpected(_WORDS_OF_KINDS.get(kind, f"`{kind}`"), where=where, hint=hint)
        self.at += 1
        return at

    def expect_word(self, word: str, *, where: str = "") -> int:
        """The index of the next token, stepped over; a fault if it is not the name `word`."""
        at = self.at
        if not self.accept_word(word):
            raise self.unexpected(f"`{word}`", where=where)
        return at

    def close(self, opener: int) -> int:
        """Step over the bracket that closes the one at token `opener`, and give its index."""
        closer = CLOSERS[self.kinds[opener]]
        at = self.at
        if self.kinds[at] == closer and self.partners[at] == opener:
            self.at += 1
            return at
        if self.partners[opener] < 0:
            self.check_token(at)
            found = self.found(at)
            raise SyntaxFault(
                self.issue(
                    "kql-unclosed-bracket",
                    f"`{self.kinds[opener]}` is never closed: expected `{closer}` before {found}",
                    self.region(opener, opener),
                )
            )
        raise self.unexpected(f"`{closer}`")

    def name(self, what: str = "a name") -> Name:
        """A name as written where a new one is given: `x`, `['x y']`, `["x y"]`."""
        at = self.at
        if self.kinds[at] == NAME:
            self.at += 1
            if self.texts[at] in RESERVED:
                self.warn_reserved(at)
            return Name(region=Region(self.starts[at], self.ends[at]), text=self.texts[at])
        if self.is_next("[", STRING, "]"):
            return self.bracketed_name()
        raise self.unexpected(what)

    def bracketed_name(self) -> Name:
        """`['x y']`: the three tokens stand next."""
        at = self.at
        self.at += 3
        return Name(region=self.region(at, at + 2), text=self.string_value(at + 1), quoted=True)

    def warn_reserved(self, at: int) -> None:
        """Keep a warning that the name at the token needs brackets in Kusto."""
        word = self.texts[at]
        region = self.region(at, at)
        self.warn("kql-reserved-name", f"Kusto keeps the word `{word}` for itself", region, f"write `['{word}']`")

    def warn(self, code: str, message: str, region: Region, hint: str = "") -> None:
        """Keep a warning of what Kusto may refuse or read otherwise."""
        if len(self.warnings) < _MAX_ISSUES:
            self.warnings.append(Issue(code, message, self.source.span(region), hint, Severity.WARNING))

    def string_value(self, at: int) -> str:
        """What the string token holds; an escape that KQL does not know is reported."""
        value = read_string(self.texts[at])
        if value is None:
            message = "this string has a backslash escape that KQL does not know"
            written = self.texts[at]
            bare = written.replace("\\\\", "\\")  # one that stands doubled already is one in a verbatim string
            verbatim = f"@{shown(bare)}" if written[0] in "\"'" and written.count(written[0]) == 2 else '@"..."'
            hint = f"write `\\\\` for a backslash, or a verbatim string: {verbatim}"
            self.report(self.issue("kql-escape", message, self.region(at, at), hint))
            return ""
        return value

    def hyphenated(self) -> tuple[str, int]:
        """The word at the next token together with what touches it by hyphens (`project-away`), and its last token."""
        at = last = self.at
        while (
            self.kinds[last + 1] == "-"
            and self.kinds[last + 2] == NAME
            and self.touches(last + 1)
            and self.touches(last + 2)
        ):
            last += 2
        return self.text[self.starts[at] : self.ends[last]], last

    # --- regions -------------------------------------------------------------------------------------------------

    def region(self, first: int, last: int) -> Region:
        """From token `first` to the end of token `last`; the end of the text is right behind the last token."""
        if self.kinds[first] == END and first > 0:
            return Region(self.ends[first - 1], self.ends[first - 1])
        return Region(self.starts[first], self.ends[last])

    def region_from(self, first: int) -> Region:
        """From token `first` to the end of the token stepped over last."""
        return Region(self.starts[first], self.ends[max(first, self.at - 1)])

    # --- issues --------------------------------------------------------------------------------------------------

    def issue(self, code: str, message: str, region: Region, hint: str = "") -> Issue:
        """An issue with its place in the user's file."""
        return Issue(code, message, self.source.span(region), hint)

    def report(self, issue: Issue | None) -> None:
        """Keep the issue, once."""
        if issue is None or issue in self.issues:
            return
        self.issues.append(issue)
        if len(self.issues) >= _MAX_ISSUES:
            raise TooManyIssues

    def found(self, at: int) -> str:
        """What stands at the token, in words."""
        if self.kinds[at] == END:
            return "the end of the query"
        return f"`{shown(self.texts[at])}`"

    def check_token(self, at: int) -> None:
        """A silent fault if the tokenizer has reported this token already."""
        if self.kinds[at] in (BAD, UNTERMINATED):
            raise SyntaxFault(None)

    def unexpected(self, expected: str, *, where: str = "", hint: str = "") -> SyntaxFault:
        """A fault at the next token: what was expected, what was found."""
        at = self.at
        self.check_token(at)
        kind = self.kinds[at]
        if kind in _CLOSER_KINDS and self.partners[at] < 0:
            message = f"`{kind}` closes nothing"
            return SyntaxFault(self.issue("kql-stray-bracket", message, self.region(at, at)))
        context = f" {where}" if where else ""
        message = f"expected {expected}{context}, found {self.found(at)}"
        return SyntaxFault(self.issue("kql-syntax", message, self.region(at, at), hint or self.habit(at)))

    def habit(self, at: int) -> str:
        """The hint for something that another language writes so."""
        word, kind = self.texts[at], self.kinds[at]
        before, last = (self.kinds[at - 1], self.texts[at - 1]) if at else (END, "")
        if kind == "=" and before == "!=":
            return "write `!=`"
        if kind == "=" and self.kinds[at + 1] == ">":
            return "write `>=`"
        if kind == NAME and before == NUMBER and self.starts[at] == self.ends[at - 1] + 1 and word in _SPANS:
            return f"write `{last}{word}` in one word"
        if before == NAME and last in ("and", "or"):
            return f"`{last}` needs a condition on its right"
        if before == "," and (kind == "|" or word == "by"):
            return "nothing stands behind the `,` before it"
        if kind == NAME and before == NAME and last in _TESTS:
            return f"`{last}` is a function: `{last}(...)`"
        if kind == NAME and before == STRING and self.starts[at] == self.ends[at - 1]:
            return f"a text that holds a {last[-1]} stands between the other quotes"
        if kind == NAME and self.kinds[at + 1] in (STRING, "(") and before in (NAME, ")", "]"):
            near = did_you_mean(word, _COMPARISONS)
            if near:
                return near
        if kind == "=":
            return "write `==` to compare, `=~` to ignore case"
        if kind == NAME and word == "not" and self.kinds[at + 1] == NAME:
            return f"write `!{shown(self.texts[at + 1])}`"
        if kind == NAME and word.lower() in ("is", "like", "ilike", "rlike"):
            return "KQL has `isnull(x)`, `isempty(x)`, `x contains`, `x startswith`, `x matches regex`"
        if kind == NAME and word != word.lower() and word.lower() in ("and", "or", "by", "on", "in", "has", "contains"):
            return f"KQL's words are lower case: `{word.lower()}`"
        if kind == "|" and self.kinds[at + 1] == "|":
            return "write `or`"
        return ""

    def fault(self, code: str, message: str, first: int, last: int, hint: str = "") -> SyntaxFault:
        """A fault over tokens `first` to `last`."""
        return SyntaxFault(self.issue(code, message, self.region(first, last), hint))

    def enter(self) -> None:
        """One level deeper; a fault where that is too deep. Whoever catches a fault puts `depth` back."""
        if self.depth >= MAX_DEPTH:
            raise self.fault("kql-too-deep", f"this is nested more than {MAX_DEPTH} levels deep", self.at, self.at)
        self.depth += 1

    def skip_to(self, start: int, *stops: str) -> None:
        """Go on from token `start` to the first of `stops`, or to a bracket that closes what is around, or to the end.

        Brackets between are stepped over whole.
        """
        at = start
        while True:
            kind = self.kinds[at]
            if kind == END or kind in stops:
                break
            partner = self.partners[at]
            if kind in CLOSERS and partner > at:
                at = partner
            elif kind in _CLOSER_KINDS and 0 <= partner < start:
                break
            at += 1
        self.at = at


_CLOSER_KINDS: Final = frozenset(CLOSERS.values())
