"""`in`, `has_any`, `has_all` and their kin: a value against a list, a dynamic array, or a table's first column."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING

from sqlglot import exp

from tiercel.plan.expressions.operands import NUMBERS, bare, wrapped
from tiercel.plan.expressions.strings import folded, matches
from tiercel.plan.functions.forms import as_type, dynamic_of, text_of
from tiercel.plan.literals import cast, constant
from tiercel.plan.nodes.aggregates import ListJson, ListOf
from tiercel.plan.nodes.json import ArrayHas
from tiercel.plan.nodes.text import HasAnyTerm, HasOneOf
from tiercel.plan.relation import column
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from tiercel.kql import syntax
    from tiercel.plan.context import Context
    from tiercel.plan.relation import Relation

__all__ = ["member"]

_MANY = 3
"""From so many constant needles on one regular expression is faster than a search for each."""


@dataclass(slots=True)
class _Items:
    """What stands between the brackets, sorted by what it is."""

    values: list[Typed] = field(default_factory=list)
    arrays: list[Typed] = field(default_factory=list)
    tables: list[Relation] = field(default_factory=list)
    is_broken: bool = False


def member(context: Context, node: syntax.In, operand: Typed) -> Typed:
    """`operand in (items)` and its kin. A null operand is in nothing; nulls among the items match nothing."""
    items = _read(context.plain(), node.items)
    if items.is_broken or isinstance(operand, Broken):
        return Broken(exp.Null(), KustoType.BOOL)
    name = node.operator.removeprefix("!")
    negated = node.operator.startswith("!")
    if name.startswith("has_"):
        sql = _terms(context, name, operand, items)
        return Typed(exp.Not(this=wrapped(sql)) if negated else sql, KustoType.BOOL)
    tests = _tests(context, operand, items, ignore_case=name.endswith("~"), operator=node.operator)
    if not tests:
        return constant(negated, KustoType.BOOL)
    sql = reduce(lambda left, right: exp.Or(this=left, expression=right), tests)
    certain = operand.type is KustoType.STRING and not items.tables and not items.arrays
    if not certain and (negated or not context.positive):
        sql = exp.Coalesce(this=sql, expressions=[exp.Boolean(this=False)])
    return Typed(exp.Not(this=wrapped(sql)) if negated else sql, KustoType.BOOL)


def _read(context: Context, nodes: tuple[syntax.Expression | syntax.Pipeline, ...]) -> _Items:
    items = _Items()
    for node in nodes:
        if context.is_rows(node):
            rows = context.rows(node)
            items.is_broken |= rows.is_open
            items.tables.append(rows)
            continue
        value = context.lower(node)  # type: ignore[arg-type]  # a pipeline is rows
        if isinstance(value, Broken):
            items.is_broken = True
        elif value.type is not KustoType.DYNAMIC:
            items.values.append(value)
        elif isinstance(value.value, list):
            items.values += [constant(one, KustoType.DYNAMIC) for one in value.value if one is not None]
        elif value.is_constant:
            items.values.append(value)
        else:
            items.arrays.append(value)
    return items


def _tests(context: Context, operand: Typed, items: _Items, *, ignore_case: bool, operator: str) -> list[exp.Expr]:
    operand = _settled(operand, items, ignore_case=ignore_case)
    if ignore_case and operand.type is not KustoType.STRING:
        operand = text_of(operand) if operand.type is KustoType.GUID else operand
    fold = ignore_case and operand.type is KustoType.STRING
    this = folded(operand) if fold else wrapped(operand.sql)
    tests: list[exp.Expr] = []
    values = [_alike(one, operand, operator) for one in items.values]
    if values:
        listed = [folded(one) if fold else bare(one) for one in values]
        tests.append(exp.In(this=this.copy(), expressions=listed))
    tests += [_within_table(context, this, one, operand, fold=fold) for one in items.tables]
    for array in items.arrays:
        sought, array_sql = dynamic_of(replace(operand, sql=this.copy())), array.sql
        if fold:
            array_sql = cast(exp.Lower(this=cast(array.sql, KustoType.STRING)), KustoType.DYNAMIC)
        tests.append(ArrayHas(this=array_sql, expression=sought.sql))
    return tests


def _settled(operand: Typed, items: _Items, *, ignore_case: bool) -> Typed:
    """A dynamic operand takes the type of what it is compared with."""
    if operand.type is not KustoType.DYNAMIC:
        return operand
    first = items.values[0] if items.values else None
    if ignore_case or first is None or (first.type is KustoType.DYNAMIC and isinstance(first.value, str)):
        return text_of(operand)
    if first.type is KustoType.DYNAMIC:
        return as_type(operand, KustoType.REAL) if isinstance(first.value, int | float) else text_of(operand)
    return as_type(operand, first.type)


def _alike(value: Typed, operand: Typed, operator: str) -> Typed:
    """An item in the operand's type. An array's elements are converted, as Kusto does; a literal must fit."""
    if value.type is operand.type or (value.type in NUMBERS and operand.type in NUMBERS):
        return value
    if value.type is KustoType.DYNAMIC or operand.type is KustoType.GUID:
        if operand.type in NUMBERS and isinstance(value.value, int | float):
            return constant(value.value, KustoType.REAL if isinstance(value.value, float) else KustoType.LONG)
        return as_type(value, operand.type)
    if operand.type is KustoType.STRING:
        return as_type(value, KustoType.STRING)
    if value.type is KustoType.STRING:
        return as_type(value, operand.type)
    raise Refusal("kql-type", f"`{operator}` cannot look for a {value.type} among values of type {operand.type}")


def _within_table(context: Context, this: exp.Expr, rows: Relation, operand: Typed, *, fold: bool) -> exp.Expr:
    """A test against a table's first column, whose nulls are left out: SQL would answer null for them."""
    rows = context.compiler.seal(rows)
    first = rows.fields[0]
    source = rows.source.copy() if rows.source is not None else None
    value = first.typed()
    if value.type is not operand.type and not (value.type in NUMBERS and operand.type in NUMBERS):
        value = as_type(value, operand.type)
    select = exp.Select(expressions=[folded(value) if fold else value.sql])
    if source is not None:
        select.set("from_", exp.From(this=source))
    if operand.type is not KustoType.STRING and isinstance(first.sql, exp.Column):
        select.set("where", exp.Where(this=exp.Not(this=exp.Is(this=column(first.sql.name), expression=exp.Null()))))
    return exp.In(this=this.copy(), query=exp.Subquery(this=select))


def _terms(context: Context, name: str, operand: Typed, items: _Items) -> exp.Expr:
    every = name.startswith("has_all")
    values = [text_of(one) for one in items.values]
    text = text_of(operand)
    constants = [folded(one) for one in values if isinstance(one.value, str) and one.value.isascii()]
    if not every and len(constants) == len(values) >= _MANY:
        return _or_arrays(context, HasOneOf(this=folded(text), expressions=constants), text, items)
    tests = [matches("has", operand, one).sql for one in values]
    tests += _array_tests(context, text, items, every=every)
    if not tests:
        return exp.Boolean(this=every)
    connector = exp.And if every else exp.Or
    return reduce(lambda left, right: connector(this=left, expression=right), tests)


def _or_arrays(context: Context, test: exp.Expr, text: Typed, items: _Items) -> exp.Expr:
    tests = _array_tests(context, text, items, every=False)
    return reduce(lambda left, right: exp.Or(this=left, expression=right), tests, test)


def _array_tests(context: Context, text: Typed, items: _Items, *, every: bool) -> list[exp.Expr]:
    """A test for each array and each table among the items."""
    arrays = [one.sql for one in items.arrays] + [_gathered(context, one) for one in items.tables]
    tests: list[exp.Expr] = []
    for array in arrays:
        this = folded(Typed(text.sql.copy(), KustoType.STRING, text.value))
        tests.append(HasAnyTerm(this=this, expression=array, every=every, folded=True))
    return tests


def _gathered(context: Context, rows: Relation) -> exp.Expr:
    """A table's first column as one dynamic array."""
    rows = context.compiler.seal(rows)
    texts = dynamic_of(text_of(rows.fields[0].typed())).sql
    select = exp.Select(expressions=[ListJson(this=ListOf(this=texts, json=True))])
    if rows.source is not None:
        select.set("from_", exp.From(this=rows.source.copy()))
    return exp.Subquery(this=select)
