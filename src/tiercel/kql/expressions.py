"""Scalar expressions: operators by precedence, names, paths, calls.

Precedence follows Microsoft's published grammar (microsoft/Kusto-Query-Language, Kql.g4), loosest first: `or`, `and`,
equality with `in` and `between`, `< > <= >=`, `+ -`, `* / %`, string operators, sign.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from tiercel.kql.constants import Constants
from tiercel.kql.literals import TYPE_NAMES
from tiercel.kql.syntax import (
    Between,
    Binary,
    Call,
    ColumnDeclaration,
    In,
    Index,
    Literal,
    Member,
    Name,
    Named,
    Parenthesized,
    Region,
    Star,
    TypeOf,
    Unary,
)
from tiercel.kql.tokens import NAME, NUMBER, STRING, TIMESPAN
from tiercel.kql.words import RESERVED_FOR_VALUES
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.kql.syntax import Argument, Expression, Operator, Parameter, Pipeline

__all__ = ["Expressions"]

_OR, _AND, _EQUALITY, _RELATION, _SUM, _PRODUCT, _STRING = range(1, 8)

_STRING_WORDS: Final = tuple(
    f"{negation}{word}{case}"
    for word in ("has", "hasprefix", "hassuffix", "contains", "startswith", "endswith")
    for case in ("", "_cs")
    for negation in ("", "!")
)
_OLD_WORDS: Final = {
    "containscs": "contains_cs",
    "notcontains": "!contains",
    "notcontainscs": "!contains_cs",
    "like": "like",
    "notlike": "notlike",
    "likecs": "likecs",
    "notlikecs": "notlikecs",
}
_BINARY: Final[dict[str, tuple[int, str]]] = {
    "or": (_OR, "or"),
    "and": (_AND, "and"),
    "==": (_EQUALITY, "=="),
    "!=": (_EQUALITY, "!="),
    "<>": (_EQUALITY, "!="),
    "<": (_RELATION, "<"),
    ">": (_RELATION, ">"),
    "<=": (_RELATION, "<="),
    ">=": (_RELATION, ">="),
    "+": (_SUM, "+"),
    "-": (_SUM, "-"),
    "*": (_PRODUCT, "*"),
    "/": (_PRODUCT, "/"),
    "%": (_PRODUCT, "%"),
    "=~": (_STRING, "=~"),
    "!~": (_STRING, "!~"),
    ":": (_STRING, ":"),
    "matches": (_STRING, "matches regex"),
    **{word: (_STRING, word) for word in _STRING_WORDS},
    **{word: (_STRING, meant) for word, meant in _OLD_WORDS.items()},
    **{word: (_EQUALITY, word) for word in ("in", "!in", "in~", "!in~", "has_any", "has_all", "between", "!between")},
}
"""Every binary operator as written: its precedence and the word the tree holds."""

_LISTS: Final = frozenset({"in", "!in", "in~", "!in~", "has_any", "has_all"})
_RESERVED: Final = frozenset(word for word in _BINARY if word[0].isalpha()) | {"by"}
"""Words that cannot stand where a value is expected."""

_BOOLS: Final = {word: word[0] in "tT" for word in ("true", "false", "True", "False", "TRUE", "FALSE")}
_NOT_PLAIN: Final = _RESERVED | _BOOLS.keys() | RESERVED_FOR_VALUES
"""Words that a bare name is looked at twice for."""
_AFTER_A_NAME: Final = frozenset({"(", ".", "["})

_STAR_OPERATORS: Final = frozenset(word for word, (level, _) in _BINARY.items() if level in (_STRING, _EQUALITY))
"""What may follow `*` where it stands for every column in a condition."""

_SINGLE: Final = frozenset({_EQUALITY, _RELATION, _STRING})
"""Levels whose operators do not chain: `a == b == c` is no KQL."""

_BETWEEN: Final = frozenset({"between", "!between"})
_ALL_TAKEN: Final = sum(1 << level for level in range(_EQUALITY, _STRING + 1))
"""After a list or an interval only `and` and `or` go on."""

_MAX_CHAIN: Final = 200
"""How many arithmetic or string operators may follow each other without brackets: each makes the tree one deeper."""


class Expressions(Constants, ABC):
    """Reads expressions. Pipelines and parameters are read by the classes above it."""

    @abstractmethod
    def tabular(self) -> Expression | Pipeline:
        """A source with its operators; the bare expression where there is no operator."""

    @abstractmethod
    def operators(self) -> tuple[Operator, ...]:
        """`operator | operator ...`, without a source before them."""

    @abstractmethod
    def parameters(self) -> tuple[Parameter, ...]:
        """`(name: type = default, T: (*), ...)`."""

    # --- operators ---------------------------------------------------------------------------------------------------

    def expression(self) -> Expression:
        """An expression of any precedence. Operators wait on a list, so that long chains need no deep stack."""
        texts = self.texts
        operand = self.operand()
        entry = _BINARY.get(texts[self.at])
        if entry is None:
            return operand
        operands: list[Expression] = [operand]
        waiting: list[tuple[int, str, Region]] = []
        chain = 0
        taken = 0  # of the operators that do not chain, those that stand since the last looser one, as bits
        while entry is not None:
            level, word = entry
            at = self.at
            if word == ":" and not self.in_search:
                break
            if taken >> level & 1:
                raise self.unexpected("`and`, `or` or the end of the comparison", hint="comparisons do not chain")
            taken &= (1 << level) - 1
            if level in _SINGLE:
                taken |= 1 << level
            self._reduce(operands, waiting, level)
            if level <= _EQUALITY:
                chain = 0
            chain += 1
            if chain > _MAX_CHAIN:
                message = f"more than {_MAX_CHAIN} operators follow each other here"
                raise self.fault("kql-too-deep", message, at, at, "use brackets")
            self.at += 1
            last = at
            if word == "matches regex":
                self.expect_word("regex", where="after `matches`")
                last = at + 1
            region = Region(self.starts[at], self.ends[last])
            if word in _LISTS or word in _BETWEEN:
                operands[-1] = (
                    self._between(operands[-1], negated=word[0] == "!")
                    if word in _BETWEEN
                    else self._list(operands[-1], word, region)
                )
                taken = _ALL_TAKEN
            else:
                waiting.append((level, word, region))
                operands.append(self.operand())
            entry = _BINARY.get(texts[self.at])
        self._reduce(operands, waiting, 0)
        return operands[0]

    def _reduce(self, operands: list[Expression], waiting: list[tuple[int, str, Region]], level: int) -> None:
        """Join the operands of all waiting operators that bind tighter than `level`, or as tight (but `and`, `or`)."""
        while waiting:
            last_level, word, region = waiting[-1]
            if last_level < level or (last_level == level and level <= _AND):
                return
            if last_level <= _AND:
                count = 1
                while count < len(waiting) and waiting[-count - 1][0] == last_level:
                    count += 1
                regions = [entry[2] for entry in waiting[-count:]]
                joined = _balanced(operands[-count - 1 :], word, regions)
                del waiting[-count:]
                del operands[-count - 1 :]
                operands.append(joined)
                continue
            waiting.pop()
            right = operands.pop()
            left = operands[-1]
            operands[-1] = Binary(
                region=Region(left.region.start, right.region.end),
                operator=word,
                operator_region=region,
                left=left,
                right=right,
            )

    def _list(self, operand: Expression, word: str, operator_region: Region) -> In:
        opener = self.at
        self.expect("(", where=f"after `{word}`", hint="the list stands in brackets")
        self.enter()
        items = [self.tabular()]
        while self.accept(","):
            items.append(self.tabular())
        self.depth -= 1
        closer = self.close(opener)
        return In(
            region=Region(operand.region.start, self.ends[closer]),
            operator=word,
            operator_region=operator_region,
            operand=operand,
            items=tuple(items),
        )

    def _between(self, operand: Expression, *, negated: bool) -> Between:
        opener = self.expect("(", where="after `between`")
        self.enter()
        low = self.expression()
        self.expect("..", where="between the two ends")
        high = self.expression()
        self.depth -= 1
        closer = self.close(opener)
        return Between(
            region=Region(operand.region.start, self.ends[closer]), operand=operand, low=low, high=high, negated=negated
        )

    # --- operands ----------------------------------------------------------------------------------------------------

    def operand(self) -> Expression:
        """A value with its sign, its path and its indexes."""
        at = self.at
        kind = self.kinds[at]
        if kind == NAME:
            # A bare name is what most operands are.
            word = self.texts[at]
            if self.kinds[at + 1] not in _AFTER_A_NAME and word not in _NOT_PLAIN:
                self.at = at + 1
                return Name(region=Region(self.starts[at], self.ends[at]), text=word)
        elif kind in ("-", "+"):
            return self._signed()
        return self.path()

    def _signed(self) -> Expression:
        at = self.at
        self.at += 1
        if self.kinds[self.at] in (NUMBER, TIMESPAN):
            literal = self.number(sign=self.kinds[at], first=at)
            return self._path_after(literal, at)
        if self.kinds[self.at] in ("-", "+"):
            raise self.unexpected("a value", where="after the sign", hint="put the second sign in brackets")
        operand = self.path()
        return Unary(region=Region(self.starts[at], operand.region.end), operator=self.kinds[at], operand=operand)

    def path(self) -> Expression:
        """A value with its path and its indexes: `a.b["c"][0]`."""
        at = self.at
        value = self.primary()
        return self._path_after(value, at) if self.kinds[self.at] in (".", "[") else value

    def _path_after(self, value: Expression, first: int) -> Expression:
        kinds = self.kinds
        steps = 0
        while True:
            at = self.at
            kind = kinds[at]
            if kind == ".":
                value = self._member(value, first)
            elif kind == "[":
                value = self._index(value, first)
            else:
                return value
            steps += 1
            if steps > _MAX_CHAIN:
                raise self.fault("kql-too-deep", f"this path has more than {_MAX_CHAIN} steps", at, at)

    def _member(self, value: Expression, first: int) -> Expression:
        self.at += 1
        at = self.at
        if self.kinds[at] == "[":
            return self._index(value, first)
        if self.kinds[at] == "*" or (self.kinds[at] == NAME and self.kinds[at + 1] == "*" and self.touches(at + 1)):
            pattern = self.name_pattern()
            name = pattern.text if isinstance(pattern, Name) else pattern.pattern
            return Member(region=self.region_from(first), base=value, name=name)
        self.expect(NAME, where="after `.`")
        if self.kinds[self.at] == "(":
            name_region = Region(self.starts[at], self.ends[at])
            arguments = self.arguments()
            return Call(
                region=self.region_from(first),
                name=self.texts[at],
                name_region=name_region,
                arguments=arguments,
                target=value,
            )
        return Member(region=self.region_from(first), base=value, name=self.texts[at])

    def _index(self, value: Expression, first: int) -> Expression:
        opener = self.at
        if self.is_next("[", STRING, "]"):
            self.at += 3
            return Member(region=self.region_from(first), base=value, name=self.string_value(opener + 1))
        self.at += 1
        self.enter()
        index = self.expression()
        self.depth -= 1
        self.close(opener)
        return Index(region=self.region_from(first), base=value, index=index)

    def primary(self) -> Expression:
        """A value without sign and path."""
        at = self.at
        kind = self.kinds[at]
        if kind == NAME:
            return self._word()
        if kind == STRING:
            return self.string()
        if kind in (NUMBER, TIMESPAN):
            return self.number()
        if kind == "(":
            return self._group()
        if kind == "[" and self.is_next("[", STRING, "]"):
            return self.bracketed_name()
        if kind == "*" and (self.in_search or self.texts[at + 1] in _STAR_OPERATORS):
            self.at += 1
            return Star(region=self.region(at, at))
        raise self.unexpected("a value")

    def _group(self) -> Parenthesized:
        opener = self.at
        self.at += 1
        self.enter()
        expression = self.tabular()
        self.depth -= 1
        self.close(opener)
        return Parenthesized(region=self.region_from(opener), expression=expression)

    def _word(self) -> Expression:
        at = self.at
        word = self.texts[at]
        if self.kinds[at + 1] == "(" and word not in _BOOLS:
            if word in TYPE_NAMES:
                literal = self.typed_literal()
                if literal is not None:
                    return literal
            elif word == "typeof":
                return self.type_of()
            elif word in _RESERVED:
                raise self.unexpected("a value")
            self.at += 1
            arguments = self.arguments()
            return Call(
                region=self.region_from(at),
                name=word,
                name_region=Region(self.starts[at], self.ends[at]),
                arguments=arguments,
            )
        if word in _RESERVED:
            raise self.unexpected("a value")
        self.at += 1
        region = Region(self.starts[at], self.ends[at])
        if word in _BOOLS:
            return Literal(region=region, value=_BOOLS[word], type=KustoType.BOOL)
        if word in RESERVED_FOR_VALUES:
            self.warn_reserved(at)
        return Name(region=region, text=word)

    # --- arguments and lists -----------------------------------------------------------------------------------------

    def arguments(self) -> tuple[Argument, ...]:
        """`(a, b, name = c, *)` after a function's name."""
        opener = self.expect("(")
        if self.accept(")"):
            return ()
        self.enter()
        arguments: list[Argument] = [self.argument()]
        while self.accept(","):
            arguments.append(self.argument())
        self.depth -= 1
        self.close(opener)
        return tuple(arguments)

    def argument(self) -> Argument:
        """An argument: an expression, a pipeline, either with a name."""
        names, first = self.names_before_equals()
        if names:
            value = self.tabular()
            return Named(region=self.region_from(first), names=names, expression=value)
        if self.kinds[first] == "*" and self.kinds[first + 1] in (",", ")"):
            self.at += 1
            return Star(region=self.region(first, first))
        return self.tabular()

    def names_before_equals(self) -> tuple[tuple[Name, ...], int]:
        """The names of `a =`, `['a b'] =` or `(a, b) =`, stepped over with the sign; else none."""
        at = self.at
        kind = self.kinds[at]
        if kind == NAME:
            if self.kinds[at + 1] == "=":
                name = self.name()
                self.at += 1
                return (name,), at
        elif kind == "[":
            if self.is_next("[", STRING, "]", "="):
                name = self.bracketed_name()
                self.at += 1
                return (name,), at
        elif kind == "(":
            closer = self.partners[at]
            if closer > 0 and self.kinds[closer + 1] == "=":
                self.at += 1
                names = [self.name()]
                while self.accept(","):
                    names.append(self.name())
                self.close(at)
                self.at += 1
                return tuple(names), at
        return (), at

    def named_expression(self) -> Expression | Named:
        """`expression`, `name = expression`, `(a, b) = expression`."""
        names, first = self.names_before_equals()
        if names:
            expression = self.expression()
            return Named(region=self.region_from(first), names=names, expression=expression)
        return self.expression()

    def named_expressions(self) -> tuple[Expression | Named, ...]:
        """One or more, with commas between."""
        items = [self.named_expression()]
        while self.accept(","):
            items.append(self.named_expression())
        return tuple(items)

    def expressions(self) -> tuple[Expression, ...]:
        """One or more expressions, with commas between."""
        items = [self.expression()]
        while self.accept(","):
            items.append(self.expression())
        return tuple(items)

    # --- types -------------------------------------------------------------------------------------------------------

    def type_word(self) -> KustoType:
        """A type's name."""
        at = self.at
        kusto_type = TYPE_NAMES.get(self.texts[at])
        if self.kinds[at] != NAME:
            raise self.unexpected("a type")
        self.at += 1
        if kusto_type is None:
            self.report_unknown_type(at)
            return KustoType.STRING
        return kusto_type

    def type_of(self) -> TypeOf:
        """`typeof(string)`, `typeof(*, x:long)`."""
        at = self.expect_word("typeof")
        opener = self.expect("(")
        if self.kinds[self.at + 1] == ")" and self.kinds[self.at] == NAME:
            kusto_type = self.type_word()
            self.close(opener)
            return TypeOf(region=self.region_from(at), type=kusto_type)
        columns: list[ColumnDeclaration] = []
        while True:
            if not self.accept("*"):
                columns.append(self.column_declaration())
            if not self.accept(","):
                break
        self.close(opener)
        return TypeOf(region=self.region_from(at), type=None, columns=tuple(columns))

    def column_declaration(self) -> ColumnDeclaration:
        """`name: type`."""
        at = self.at
        name = self.name("a column's name")
        self.expect(":", where="and a type after the column's name")
        kusto_type = self.type_word()
        return ColumnDeclaration(region=self.region_from(at), name=name, type=kusto_type)


def _balanced(operands: Sequence[Expression], word: str, regions: Sequence[Region]) -> Expression:
    """`a or b or c or d` as a tree of least depth: the operators are associative, and thousands in a row occur."""
    if len(operands) == 1:
        return operands[0]
    middle = (len(operands) + 1) // 2
    left = _balanced(operands[:middle], word, regions[: middle - 1])
    right = _balanced(operands[middle:], word, regions[middle:])
    return Binary(
        region=Region(left.region.start, right.region.end),
        operator=word,
        operator_region=regions[middle - 1],
        left=left,
        right=right,
    )
