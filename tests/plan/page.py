"""`docs/kql-support.md`, made from the planner's own tables: `python -m tests.plan.page` writes it."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

from tests.conftest import ROOT

from tiercel.engines.spark.gaps import DIFFERS, LACKS
from tiercel.kql import syntax
from tiercel.plan.expressions.calls import FORMS
from tiercel.plan.expressions.windows import WINDOWS
from tiercel.plan.functions import AGGREGATE_FAMILIES, FUNCTION_FAMILIES
from tiercel.plan.functions.registry import Unsupported as UnsupportedFunction
from tiercel.plan.operators.columns import PROJECTIONS
from tiercel.plan.operators.invoke import ENRICHMENTS
from tiercel.plan.operators.own_devices import assigned_addresses
from tiercel.plan.operators.plugins import PLUGINS, REFUSED_PLUGINS
from tiercel.plan.operators.table import OPERATORS, SOURCES, UNKNOWN, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = ROOT / "docs" / "kql-support.md"

WORDS: dict[type, str] = {
    syntax.Datatable: "datatable",
    syntax.ExternalData: "externaldata",
    syntax.Print: "print",
    syntax.Range: "range",
    syntax.Where: "where, filter",
    syntax.Extend: "extend",
    syntax.Summarize: "summarize",
    syntax.Distinct: "distinct",
    syntax.Join: "join, lookup",
    syntax.Union: "union",
    syntax.Sort: "sort by, order by",
    syntax.Take: "take, limit",
    syntax.Top: "top",
    syntax.TopNested: "top-nested",
    syntax.TopHitters: "top-hitters",
    syntax.Count: "count",
    syntax.MvExpand: "mv-expand",
    syntax.MvApply: "mv-apply",
    syntax.Parse: "parse, parse-where",
    syntax.ParseKv: "parse-kv",
    syntax.MakeSeries: "make-series",
    syntax.Serialize: "serialize",
    syntax.Sample: "sample, sample-distinct",
    syntax.Partition: "partition",
    syntax.Scan: "scan",
    syntax.Invoke: "invoke",
    syntax.Evaluate: "evaluate",
    syntax.As: "as",
    syntax.Render: "render",
    syntax.GetSchema: "getschema",
    syntax.Consume: "consume",
    syntax.Search: "search",
    syntax.Find: "find",
}

CODES = {
    "kql-argument-count": "a function, operator or plugin got too few or too many arguments",
    "kql-argument-name": "a function has no parameter of that name",
    "kql-argument-type": "an argument of a type or shape that is not taken there",
    "kql-argument-value": "an argument whose value is not taken there",
    "kql-character": "a character that KQL has no use for",
    "kql-duplicate-column": "two columns would have one name",
    "kql-escape": "a backslash in a text with nothing that can follow it",
    "kql-join-condition": "a join's condition that is no equality of columns",
    "kql-literal": "a literal that does not fit its type",
    "kql-local-data": "warning: a function of the service is answered from the own tables, or knows nothing here",
    "kql-local-prevalence": "warning: FileProfile counts the own devices, no service is asked",
    "kql-misplaced": "a form where it cannot stand: an aggregate outside summarize, `$left` outside a join",
    "kql-name-case": "warning: a column whose name differs in its case alone; Kusto would refuse it",
    "kql-named-argument": "a named argument where none is taken",
    "kql-needs-rows": "which columns a plugin gives depends on the rows, and nobody can read them now",
    "kql-no-query": "a text without a query",
    "kql-no-result": "a query or function that binds names and gives nothing",
    "kql-no-rows": "warning: a plugin learns its columns from rows, there are none, and the query names some",
    "kql-not-aggregated": "a value that differs within the group, among aggregates",
    "kql-not-constant": "a value that must be known before the rows are read",
    "kql-not-scalar": "a table where a value belongs",
    "kql-not-serialized": "prev, next and their kin over rows without an order",
    "kql-not-tabular": "a value where a table belongs",
    "kql-number-range": "a number that its type cannot hold",
    "kql-parameter": "a query's parameter without a value",
    "kql-read-as-json": "warning: a column that is a string in Defender and dynamic in Log Analytics is parsed",
    "kql-regex": "a pattern that is no regular expression",
    "kql-reserved-name": "warning: a name that Kusto reserves",
    "kql-several-results": "a second result: a query has one here",
    "kql-stray-bracket": "a bracket that closes nothing",
    "kql-syntax": "something else is expected at this place",
    "kql-too-deep": "nested, or chained, beyond what can be compiled",
    "kql-too-large": "functions that call functions, written out, grow beyond what can be compiled",
    "kql-too-many": "a plugin that would give more columns than can be shown",
    "kql-type": "values of types that do not go together",
    "kql-unclosed-bracket": "a bracket that nothing closes",
    "kql-unknown-column": "no column has that name; names are case-sensitive",
    "kql-unknown-function": "no function or plugin has that name",
    "kql-unknown-hint": "an option that the operator does not have",
    "kql-unknown-name": "no let value has that name, and there are no rows to have it as a column",
    "kql-unknown-operator": "no operator has that name",
    "kql-unknown-table": "no table has that name; in a fuzzy union a warning",
    "kql-unknown-type": "no type has that name",
    "kql-unsupported": "known to KQL and refused here, with the reason",
    "kql-unterminated-string": "a text that nothing ends",
}

_HEAD = """# What of KQL is understood

Made from the planner's own tables (`python -m tests.plan.page`). What stands here does what Kusto does, but for what is
said; what Kusto has and is refused stands with the reason. Whatever is not named at all is an unknown name to us.

Rows are compared with what the Kusto emulator returned for the examples of Kusto's documentation; the examples that are
answered otherwise are listed, each with its reason, in tests/plan/conformance_gaps.txt.

Everywhere: instants hold whole microseconds, where Kusto's hold ticks of 100 nanoseconds; `now()` is the same for the
whole run and can be set; of several rows that would do (innerunique, take, sample, take_any) the same ones are given
each time. Tables that are only published (Sentinel's, Defender's others, those of ASIM's parsers) can be named and hold
no rows, unless they are given: `--table NAME=FILE`, `--watchlist NAME=FILE`.

A string beside a number in `==`, `!=`, `in` is compared with the number as it is written; beside any other value it is
read as that value's type. Kusto's parser takes these, and no page says what they mean.

The column Spark says what `--engine spark` makes of it: yes, or where its answer may be another, or why it is refused.
"""


def _sentence(text: str | None) -> str:
    """The first paragraph and the differences of a docstring."""
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    kept = [" ".join(one.split()) for one in paragraphs[:1]]
    kept += [" ".join(one[one.index("Where we differ") :].split()) for one in paragraphs if "Where we differ" in one]
    return " ".join(kept).replace("|", "\\|")


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    lines += [f"| {name} | {meaning} |" for name, meaning in rows]
    return "\n" + "\n".join(lines) + "\n"


def _spark(name: str, of: str | type) -> str:
    """What Spark makes of it."""
    if why := LACKS.of.get(of):
        return f"refused: {why}"
    return f"differs: {DIFFERS[name]}" if name in DIFFERS else "yes"


def _table_with_spark(title: str, rows: Iterable[tuple[str, str, str]]) -> str:
    lines = [f"| {title} | what it gives | Spark |", "|---|---|---|"]
    lines += [f"| {name} | {meaning} | {spark} |" for name, meaning, spark in rows]
    return "\n" + "\n".join(lines) + "\n"


def _code(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", "))


def _operators() -> str:
    built, refused = list[tuple[str, str, str]](), list[tuple[str, str]]()
    for kind, lowering in {**SOURCES, **OPERATORS}.items():
        if isinstance(lowering, Unsupported):
            refused.append((_code(lowering.word), lowering.why))
        elif kind is syntax.Project:
            built += [(_code(word), _sentence(one.__doc__), _spark(word, kind)) for word, one in PROJECTIONS.items()]
        else:
            built.append((_code(WORDS[kind]), _sentence(lowering.__doc__), _spark(WORDS[kind], kind)))
    refused += [(_code(word), why) for word, why in UNKNOWN.items()]
    built += [(_code(f"invoke {name}"), _sentence(one.__doc__), "yes") for name, one in ENRICHMENTS.items()]
    built.append((_code("AssignedIPAddresses"), _sentence(assigned_addresses.__doc__), "yes"))
    return (
        "\n## Operators\n"
        + _table_with_spark("operator", {row[0]: row for row in built}.values())
        + "\nRefused:\n"
        + _table(("operator", "why"), dict(refused).items())
    )


def _plugins() -> str:
    built = [(_code(name), _sentence(one.__doc__), _spark(name, name)) for name, one in PLUGINS.items()]
    return (
        "\n## Plugins (`evaluate`)\n"
        + _table_with_spark("plugin", built)
        + "\nRefused:\n"
        + _table(("plugin", "why"), [(_code(name), why) for name, why in REFUSED_PLUGINS.items()])
    )


def _functions() -> str:
    parts = ["\n## Functions\n"]
    aggregates = [(f"Aggregates: {name}", entries) for name, entries in AGGREGATE_FAMILIES]
    families = (*FUNCTION_FAMILIES, *aggregates)
    for family, entries in families:
        built, refused = list[tuple[str, str, str]](), list[tuple[str, str]]()
        for entry in entries:
            if isinstance(entry, UnsupportedFunction):
                refused.append((_code(entry.name), entry.why))
            else:
                built.append((_code(entry.name), _sentence(entry.lower.__doc__), _spark(entry.name, entry.name)))
        parts.append(f"\n### {family}\n")
        if built:
            parts.append(_table_with_spark("function", built))
        if refused:
            parts.append("\nRefused:\n" + _table(("function", "why"), refused))
    forms = {**FORMS, **WINDOWS}
    parts.append("\n### Of rows and tables\n")
    parts.append(
        _table_with_spark(
            "function",
            [
                (_code(name), _sentence(form.__doc__), _spark(name, name))
                for name, form in forms.items()
                if form.__doc__
            ],
        )
    )
    return "".join(parts)


def page() -> str:
    """The page as it must be."""
    codes = "\n## Issues\n" + _table(("code", "what is wrong"), [(_code(code), why) for code, why in CODES.items()])
    text = _HEAD + _operators() + _plugins() + _functions() + codes
    return re.sub(r"\n{3,}", "\n\n", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
