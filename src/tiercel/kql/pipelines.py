"""Pipelines: a source and its operators, with a way on after an operator that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.kql.cursor import SyntaxFault, did_you_mean, shown
from tiercel.kql.expressions import Expressions
from tiercel.kql.operators.table import HABITS, NOT_IN_THE_TREE, OPERATORS, SOURCES
from tiercel.kql.syntax import Pipeline, UnknownOperator
from tiercel.kql.tokens import END, NAME, NUMBER, STRING

if TYPE_CHECKING:
    from tiercel.kql.syntax import Expression, Operator, Source

__all__ = ["TWO_QUERIES", "Pipelines"]


TWO_QUERIES = "a blank line ends no query; where this is a second one, run each by itself"


class Pipelines(Expressions):
    """Reads pipelines."""

    def tabular(self) -> Expression | Pipeline:
        """A source with its operators. Without operators an expression stays an expression."""
        at = self.at
        source: Expression | Source
        if self.kinds[at] == NAME and self.texts[at] in SOURCES and self._is_source():
            self.at += 1
            source = SOURCES[self.texts[at]](self, at)
            if self.kinds[self.at] != "|":
                return Pipeline(region=self.region_from(at), source=source, operators=())
        else:
            source = self.expression()
            if self.kinds[self.at] != "|":
                return source
        self.at += 1
        operators = self.operators()
        return Pipeline(region=self.region_from(at), source=source, operators=operators)

    def _is_source(self) -> bool:
        """Whether the source's word next is meant as one, and not as a column's or a function's name."""
        word = self.texts[self.at]
        following, kind = self.texts[self.at + 1], self.kinds[self.at + 1]
        if word in ("datatable", "externaldata", "external_data"):
            return kind == "(" or (kind == NAME and following == "hint")
        if word == "range":
            return kind in (NAME, "[")
        if word == "evaluate":
            return kind == NAME
        if word == "print":
            return kind not in ("|", ")", ",", ";", "=", ".", "==", END)
        if word in ("search", "find", "union"):
            return kind in (NAME, STRING, NUMBER, "(", "*", "-") or (word == "union" and kind == "[")
        return False

    def operators(self) -> tuple[Operator, ...]:
        """`operator | operator ...`. An operator that cannot be read is reported and left out."""
        operators: list[Operator] = []
        depth, in_search = self.depth, self.in_search
        while True:
            at = self.at
            try:
                operators.append(self._operator())
                if self.kinds[self.at] not in ("|", ")", "}", "]", ";", ",", END):
                    raise self._after(self.texts[at])
            except SyntaxFault as fault:
                self.report(fault.issue)
                self.depth, self.in_search = depth, in_search
                self.skip_to(at, "|", ";")
            if not self.accept("|"):
                return tuple(operators)

    def _operator(self) -> Operator:
        at = self.at
        if self.kinds[at] != NAME:
            raise self.unexpected("an operator", where="after `|`" if self.kinds[max(0, at - 1)] == "|" else "")
        word, last = self.hyphenated()
        read = OPERATORS.get(word)
        if read is not None:
            self.at = last + 1
            return read(self, at)
        if word in NOT_IN_THE_TREE:
            self.skip_to(last + 1, "|", ";")
            return UnknownOperator(region=self.region_from(at), word=word)
        hint = HABITS.get(word.lower()) or did_you_mean(word, (*OPERATORS, *NOT_IN_THE_TREE))
        raise self.fault("kql-unknown-operator", f"`{shown(word)}` is no operator of KQL", at, last, hint)

    def _after(self, word: str) -> SyntaxFault:
        """A fault at what stands between the end of the operator `word` and the next `|`."""
        at = self.at
        if self.texts[at] == "as" and word in ("project", "extend", "summarize") and self.kinds[at + 1] == NAME:
            return self.unexpected("`|` or the end of the query", hint=f"write `{shown(self.texts[at + 1])} = ...`")
        if word == "count" and self.kinds[at] == "(":
            return self.unexpected("`|` or the end of the query", hint="write `summarize count() by ...`")
        if self.kinds[self.at] == NAME and self.texts[self.at] in OPERATORS:
            return self.unexpected("`|`", where=f"before `{self.texts[self.at]}`", hint="each operator follows a `|`")
        hint = TWO_QUERIES if self.is_after_blank_line() else ""
        if self.kinds[self.at] == NAME and self.kinds[self.at - 1] == ")" and word == "summarize":
            hint = hint or f"write `by {shown(self.texts[self.at])}`"
        return self.unexpected("`|` or the end of the query", hint=hint)

    def begins_line(self) -> bool:
        """Whether the next token is the first of its line."""
        return "\n" in self.text[self.ends[self.at - 1] : self.starts[self.at]] if self.at else True

    def is_after_blank_line(self) -> bool:
        """Whether a line without a word stands before the next token, which begins a line."""
        between = self.text[self.ends[self.at - 1] : self.starts[self.at]] if self.at else ""
        lines = between.split("\n")
        return self.kinds[self.at] == NAME and any(not line.strip() for line in lines[1:-1])
