"""Statements, and the way from a text to its tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiercel.kql.cursor import SyntaxFault, TooManyIssues, did_you_mean
from tiercel.kql.operators.table import OPERATORS, SOURCES
from tiercel.kql.pipelines import TWO_QUERIES, Pipelines
from tiercel.kql.syntax import (
    Alias,
    DeclarePattern,
    DeclareQueryParameters,
    ExpressionStatement,
    Lambda,
    Let,
    Literal,
    Parameter,
    PatternRule,
    Query,
    Region,
    SetOption,
)
from tiercel.kql.tokens import END, NAME, UNTERMINATED
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from tiercel.errors import Issue
    from tiercel.kql.source import Source
    from tiercel.kql.syntax import ColumnDeclaration, Expression, Pipeline, Statement

__all__ = ["Parsed", "parse"]

_REFUSED = {
    "restrict": "`restrict access` is for the service that holds the tables",
}
_QUOTES = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\uff5c": "|"}
_SIGNS = {"&": "write `and`", "!": "write `!=`, `!in`, `!has`, ... or `not(...)`", "#": "a comment begins with `//`"}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of a text: its tree, or what is wrong with it.

    `query` is None exactly when there are issues. `warnings` are what Kusto may refuse and we read.
    """

    query: Query | None
    issues: tuple[Issue, ...]
    warnings: tuple[Issue, ...] = ()


def parse(source: Source) -> Parsed:
    """The tree of a KQL text, or the issues found in it; never raises, whatever the text."""
    statements = Statements(source)
    query: Query | None = None
    try:
        query = statements.query()
    except TooManyIssues:
        pass  # what was found so far is what is shown
    except RecursionError:
        # Whoever calls from deep in a stack of their own leaves less room than MAX_DEPTH reckons with.
        at = statements.at
        statements.issues.append(
            statements.issue("kql-too-deep", "this is nested too deep to be read", statements.region(at, at))
        )
    return Parsed(
        query=None if statements.issues else query, issues=tuple(statements.issues), warnings=tuple(statements.warnings)
    )


class Statements(Pipelines):
    """Reads statements."""

    def query(self) -> Query:
        """The whole text."""
        self._check_tokens()
        statements: list[Statement] = []
        while self.kinds[self.at] != END:
            at = self.at
            try:
                statements.append(self._statement())
                if self.kinds[self.at] != END:
                    self._end_statement(at)
            except SyntaxFault as fault:
                self.report(fault.issue)
                self.depth, self.in_search = 0, False
                self.skip_to(at, ";")
                self.accept(";")
        if not statements and not self.issues:
            self.report(self.issue("kql-no-query", "there is no query here", Region(0, len(self.text))))
        return Query(region=Region(0, len(self.text)), statements=tuple(statements))

    def _end_statement(self, start: int) -> None:
        """Step over the `;` after the statement that began at token `start`."""
        if self.accept(";"):
            return
        if self.kinds[self.at] == NAME and self.starts[self.at] > 0 and self.is_word("let"):
            raise self.unexpected("`;`", where="before the next `let`", hint="each statement ends with `;`")
        hint = ""
        if self.kinds[self.at] == NAME and self.texts[self.at] in OPERATORS:
            hint = f"write `| {self.texts[self.at]}`"
        elif self.is_after_blank_line():
            hint = TWO_QUERIES
        elif self.kinds[start] == NAME and self.texts[start] == "let" and self.begins_line():
            raise self.unexpected("`;`", where="at the end of the `let`", hint="each statement ends with `;`")
        elif self.kinds[start] == NAME and self.texts[start].lower() == "select":
            hint = "a query begins with its table: `Table | where ... | project ...`"
        elif self.at == start + 1 and self.kinds[start] == NAME:
            word = self.texts[start]
            hint = did_you_mean(word, ("let", "set", "declare", "alias", *SOURCES)) if len(word) < 9 else ""
            if self.kinds[self.at] == "=":
                hint = "a query begins with its table: `Table | where ... | project ...`"
        raise self.unexpected("`|`, `;` or the end of the query", hint=hint)

    def _check_tokens(self) -> None:
        """Report what the tokenizer could not read."""
        for at in self.faults:
            if self.kinds[at] == UNTERMINATED:
                self._report_open_string(at)
            elif self.texts[at - 1] != self.texts[at] or not self.touches(at):
                self._report_character(at)

    def _report_open_string(self, at: int) -> None:
        quote = self.texts[at].lstrip("hH@")[:1]
        message, hint = (
            f"this string has no closing `{quote}` on its line",
            "a string of several lines stands between ```",
        )
        if quote in "`~":
            message, hint = f"this string has no closing {quote * 3}", ""
        self.report(self.issue("kql-unterminated-string", message, self.region(at, at), hint))

    def _report_character(self, at: int) -> None:
        letter = self.texts[at]
        hint = f"write `{_QUOTES[letter]}`" if letter in _QUOTES else _SIGNS.get(letter, "")
        if letter.isalpha():
            hint = "a name with other letters than a-z stands in brackets: `['\u00e9t\u00e9']`"
        written = letter if letter.isprintable() else f"U+{ord(letter):04X}"
        self.report(self.issue("kql-character", f"`{written}` means nothing in KQL", self.region(at, at), hint))

    def _statement(self) -> Statement:
        at = self.at
        if self.kinds[at] == ";":
            raise self.unexpected("a statement", where="before `;`")
        following = self.kinds[at + 1] if self.kinds[at] == NAME else END
        if following in (NAME, "["):
            word = self.texts[at]
            if word == "let":
                return self._let()
            if word == "set" and following == NAME:
                return self._set()
            if word == "declare" and following == NAME:
                return self._declare()
            if word == "alias":
                return self._alias()
            if word in _REFUSED:
                raise self.fault("kql-unsupported", f"`{word}` is not for queries", at, at, _REFUSED[word])
        if self.kinds[at] == "." and following == END:
            raise self.fault("kql-unsupported", "this is a management command, not a query", at, at + 1)
        value = self.tabular()
        return ExpressionStatement(region=self.region_from(at), expression=value)

    # --- let ---------------------------------------------------------------------------------------------------------

    def _let(self) -> Let:
        at = self.expect_word("let")
        name = self.name("a name after `let`")
        self.expect("=", where="after the name")
        value: Expression | Pipeline | Lambda
        value = self._lambda() if self._is_lambda() else self.tabular()
        return Let(region=self.region_from(at), name=name, value=value)

    def _is_lambda(self) -> bool:
        at = self.at
        if self.is_word("view") and self.kinds[at + 1] == "(":
            at += 1
        if self.kinds[at] != "(":
            return False
        closer = self.partners[at]
        return closer > 0 and self.kinds[closer + 1] == "{"

    def _lambda(self) -> Lambda:
        first = self.at
        view = self.accept_word("view")
        parameters = self.parameters()
        body = self._body()
        return Lambda(region=self.region_from(first), parameters=parameters, body=body, view=view)

    def _body(self) -> tuple[Statement, ...]:
        """`{ statements }`; a statement that cannot be read is reported and left out."""
        opener = self.expect("{")
        self.enter()
        body: list[Statement] = []
        while self.kinds[self.at] not in ("}", END):
            start, depth = self.at, self.depth
            try:
                body.append(self._statement())
                if self.kinds[self.at] != "}":
                    self._end_statement(start)
            except SyntaxFault as fault:
                self.report(fault.issue)
                self.depth, self.in_search = depth, False
                self.skip_to(start, ";")
                if not self.accept(";") and self.kinds[self.at] not in ("}", END):
                    raise SyntaxFault(None) from fault
        self.depth -= 1
        if not body and not self.issues:
            raise self.unexpected("an expression", where="in the function's body")
        self.close(opener)
        return tuple(body)

    def parameters(self) -> tuple[Parameter, ...]:
        """`(name: type = default, T: (x: long), U: (*))`."""
        opener = self.expect("(")
        if self.accept(")"):
            return ()
        parameters = [self._parameter()]
        while self.accept(","):
            parameters.append(self._parameter())
        self.close(opener)
        return tuple(parameters)

    def _parameter(self) -> Parameter:
        at = self.at
        name = self.name("a parameter's name")
        self.expect(":", where="and a type after the parameter's name")
        if self.kinds[self.at] == "(":
            columns = self._row_type()
            return Parameter(region=self.region_from(at), name=name, type=None, columns=columns)
        kusto_type = self.type_word()
        default = self.expression() if self.accept("=") else None
        return Parameter(region=self.region_from(at), name=name, type=kusto_type, default=default)

    def _row_type(self) -> tuple[ColumnDeclaration, ...]:
        opener = self.expect("(")
        columns: list[ColumnDeclaration] = []
        while self.kinds[self.at] != ")":
            if not self.accept("*"):
                columns.append(self.column_declaration())
            if not self.accept(","):
                break
        self.close(opener)
        return tuple(columns)

    # --- the others --------------------------------------------------------------------------------------------------

    def _set(self) -> SetOption:
        at = self.expect_word("set")
        name = self.texts[self.expect(NAME, where="after `set`")]
        value: Literal | None = None
        if self.accept("="):
            start = self.at
            if self.kinds[start] == NAME and self.kinds[start + 1] != "(":
                self.at += 1
                text = self.texts[start]
                value = Literal(region=self.region(start, start), value=text, type=KustoType.STRING)
                if text in ("true", "false"):
                    value = Literal(region=self.region(start, start), value=text == "true", type=KustoType.BOOL)
            else:
                written = self.operand()
                if not isinstance(written, Literal):
                    raise self.fault("kql-syntax", "expected a literal after `=`", start, max(start, self.at - 1))
                value = written
        return SetOption(region=self.region_from(at), name=name, value=value)

    def _declare(self) -> DeclareQueryParameters | DeclarePattern:
        at = self.expect_word("declare")
        if self.accept_word("pattern"):
            return self._pattern(at)
        self.expect_word("query_parameters", where="after `declare`")
        parameters = self.parameters()
        return DeclareQueryParameters(region=self.region_from(at), parameters=parameters)

    def _pattern(self, first: int) -> DeclarePattern:
        name = self.name()
        parameters: tuple[Parameter, ...] = ()
        path: Parameter | None = None
        rules: list[PatternRule] = []
        if self.accept("="):
            parameters = self.parameters()
            bracket = self.at
            if self.accept("["):
                path = self._parameter()
                self.close(bracket)
            opener = self.expect("{", where="before the pattern's rules")
            self.enter()
            while self.kinds[self.at] == "(":
                rules.append(self._pattern_rule())
            self.depth -= 1
            self.close(opener)
        return DeclarePattern(
            region=self.region_from(first), name=name, parameters=parameters, path=path, rules=tuple(rules)
        )

    def _pattern_rule(self) -> PatternRule:
        at = self.expect("(")
        arguments = [self.string()]
        while self.accept(","):
            arguments.append(self.string())
        self.close(at)
        path: Literal | None = None
        if self.accept("."):
            bracket = self.expect("[")
            path = self.string()
            self.close(bracket)
        self.expect("=", where="before the rule's body")
        body = self._body()
        self.accept(";")
        return PatternRule(region=self.region_from(at), arguments=tuple(arguments), path=path, body=body)

    def _alias(self) -> Alias:
        at = self.expect_word("alias")
        self.expect_word("database", where="after `alias`")
        name = self.name()
        self.expect("=")
        expression = self.expression()
        return Alias(region=self.region_from(at), name=name, expression=expression)
