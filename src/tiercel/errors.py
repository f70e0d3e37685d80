"""What can go wrong, and where: the exception tree, places in a user's file, and issues.

The tree:

    TiercelError            exit 3   something failed that the user can act on
    |- UsageError           exit 2   the call itself makes no sense
    |- InputError           exit 3   an input cannot be read at all
    |- RuleError            exit 3   a rule document or a query is wrong; carries its issues
    `- EngineError          exit 3   the engine refused or failed while running a plan

Wrong input is a value, not an exception: an `Issue` with its place, collected and shown many at once. An exception
means that the work at hand cannot go on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "EngineError",
    "InputError",
    "Issue",
    "RuleError",
    "Severity",
    "Span",
    "TiercelError",
    "UsageError",
]


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a file of the user's: 1-based line and column, and how many characters it covers.

    `text` is the whole line, as written, so that the place can be shown underlined without opening the file again.
    """

    path: str
    line: int
    column: int
    length: int = 1
    text: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Severity(StrEnum):
    """How much an issue matters: an error stops its rule, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong in what the user gave us.

    `code` is stable and documented (`kql-unknown-column`), `message` says what was found and what was expected, `hint`
    what to write instead ("did you mean `DeviceName`?").
    """

    code: str
    message: str
    span: Span | None = None
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.span}: " if self.span else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.severity}[{self.code}]: {self.message}{hint}"


@dataclass(eq=False)
class TiercelError(Exception):
    """The work at hand cannot go on. `exit_code` is what the command line ends with."""

    message: str
    exit_code: int = field(default=3, init=False)

    def __str__(self) -> str:
        return self.message


@dataclass(eq=False)
class UsageError(TiercelError):
    """The call itself makes no sense: an option that contradicts another, a path that does not exist."""

    exit_code: int = field(default=2, init=False)


@dataclass(eq=False)
class InputError(TiercelError):
    """An input file cannot be read at all; `path` is the file."""

    path: str = ""


@dataclass(eq=False)
class RuleError(TiercelError):
    """A rule document or a query is wrong; `issues` says what and where, all that was found."""

    issues: tuple[Issue, ...] = ()


@dataclass(eq=False)
class EngineError(TiercelError):
    """The engine refused or failed while running a plan; `query` names the rule or query."""

    query: str = ""
