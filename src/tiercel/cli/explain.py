"""`tiercel explain`: what a rule says, and what becomes of its query on the way to the engine."""

from __future__ import annotations

import dataclasses
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from sqlglot.expressions import CTE, Table

from tiercel.cli.issues import show_issues
from tiercel.cli.options import as_of_option, filters_option
from tiercel.cli.terminal import Words, console, shown, wrapped
from tiercel.errors import RuleError, Severity, UsageError
from tiercel.filters import Sieve, read_filters
from tiercel.hunt import inject_rule, render_sql
from tiercel.kql import Source, parse
from tiercel.kql.syntax import Node
from tiercel.rules import read_catalog, read_collection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.filters import Injection
    from tiercel.plan import Plan
    from tiercel.rules import Rule

__all__ = ["explain_command"]

_PARTS = ("document", "filters", "tree", "plan", "sql")
_EXIT_FAILED = 3
_PARTS_OF_A_STEP = {
    "join": "joins",
    "where": "where",
    "group by": "group",
    "distinct": "distinct",
    "order by": "order",
    "limit": "limit",
}


@click.command("explain", short_help="Show a rule and what is run for it.")
@click.argument("rule", metavar="RULE")
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(_PARTS),
    help="Only this part. May be given more than once. Default: all of them.",
)
@as_of_option
@filters_option
def explain_command(*, rule: str, parts: tuple[str, ...], as_of: datetime | None, filters: tuple[Path, ...]) -> int:
    """Show what RULE says and what is run for it: the document, the query's syntax tree, the plan, the SQL.

    RULE is the id of a shipped rule or the path of a document.

    \b
    tiercel explain dcom-remote-activation
    tiercel explain mine.md --part sql
    tiercel explain rpc-chain-scm --filters here.yaml --part filters
    """  # noqa: D301  click's mark for lines that keep their shape
    words = console(sys.stdout)
    chosen = _find(rule)
    now = (as_of or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
    wanted = parts or _PARTS
    if "document" in wanted:
        _show_document(words, chosen)
    read = read_filters(filters)
    sieve = Sieve(read, [each.id for each in (chosen, *read_catalog().rules)], (as_of or datetime.now(UTC)).date())
    injection = inject_rule(chosen, sieve, now)
    if "filters" in wanted and filters:
        _show_filters(words, injection)
    query = injection.query
    source = Source(query.text, chosen.path, query.first_line)
    if "tree" in wanted and (tree := parse(source).query):
        words.print("Syntax tree", style="bold")
        for line in _tree(tree, source, 0):
            words.print(shown(line))
        words.print()
    plan = injection.plan
    if "plan" in wanted:
        words.print("Plan", style="bold")
        words.print(f"  reads    {', '.join(plan.tables)}")
        words.print(f"  now()    {plan.now.isoformat()}Z")
        words.print("  columns  " + ", ".join(f"{column.name}:{column.type}" for column in plan.columns))
        for line in _steps(plan):
            words.print(shown(line))
        words.print()
    if "sql" in wanted:
        words.print("SQL (DuckDB)", style="bold")
        words.print(shown(render_sql(plan), keep="\n"))
    show_issues(console(sys.stderr), (*plan.warnings, *sieve.issues))
    return _EXIT_FAILED if any(issue.severity is Severity.ERROR for issue in sieve.issues) else 0


def _show_filters(words: Words, injection: Injection) -> None:
    """The filters in force as they stand between the rule's markers; the rows that each takes are kept for review."""
    words.print("Environment filters", style="bold")
    if not injection.filters:
        words.print("  none for this rule")
    for each, operator in zip(injection.filters, injection.operators, strict=True):
        why = f"// {each.id}: {each.reason} ({each.owner}, until {each.expires.isoformat()})"
        words.print(f"  {shown(why)}")
        words.print(f"  {shown(operator)}")
    words.print()


def _steps(plan: Plan) -> Iterator[str]:
    """The plan, a common table expression a line: its name, what it reads, what it does with it."""
    for step in (*plan.tree.find_all(CTE), plan.tree):
        body = step if step is plan.tree else step.this
        reads = [node.name for node in body.find_all(Table) if not (step is plan.tree and node.find_ancestor(CTE))]
        does = [word for word, part in _PARTS_OF_A_STEP.items() if body.args.get(part)]
        kept = ", computed once" if step.args.get("materialized") else ""
        name = "result" if step is plan.tree else step.alias
        yield f"  {name}: {', '.join(dict.fromkeys(reads))}{' | ' if does else ''}{', '.join(does)}{kept}"


def _find(name: str) -> Rule:
    """The shipped rule of that id, or the document at that path."""
    catalog = read_catalog().rules
    shipped = next((rule for rule in catalog if rule.id == name), None)
    if shipped is not None:
        return shipped
    if not Path(name).is_file():
        known = ", ".join(rule.id for rule in catalog)
        raise UsageError(f"`{name}` is neither a document nor the id of a shipped rule ({known})")
    collection = read_collection([name])
    if collection.failed:
        raise RuleError(f"{name} is no rule", issues=collection.failed[0].issues)
    return collection.rules[0]


def _show_document(words: Words, rule: Rule) -> None:
    words.print(shown(rule.title), style="bold")
    facts = {
        "id": rule.id,
        "document": f"{rule.path}, query from line {rule.query.first_line}",
        "severity": f"{rule.severity}, confidence {rule.confidence}",
        "attack": " ".join(rule.techniques),
        "tactics": ", ".join(rule.tactics),
        "os": ", ".join(rule.os),
        "tables": ", ".join(dict.fromkeys(source.table for source in rule.data_sources)),
        "version": next((f"{version.version} of {version.date}" for version in rule.versions), ""),
    }
    for name, text in facts.items():
        if text:
            words.print(wrapped(shown(text), f"  {name:<9}", " " * 11, words))
    texts = {
        "Detects": rule.description,
        "False positives": rule.false_positives,
        "Blind spots": rule.blind_spots,
        "Response": rule.response,
    }
    for name, text in texts.items():
        if text:
            words.print(f"  {name}", style="bold")
            for line in text.splitlines():
                words.print(wrapped(shown(line), "    ", "    ", words))
    words.print()


def _tree(node: Node, source: Source, depth: int, label: str = "") -> Iterator[str]:
    """The tree, a node a line: where it stands in the document, its kind, its plain fields; its children below it."""
    fields = [(field.name, getattr(node, field.name)) for field in dataclasses.fields(node)]
    fields = [(name, value) for name, value in fields if name != "region" and not name.endswith("_region")]
    plain = [f"{name}={_value(value)}" for name, value in fields if not _nodes(value) and not _is_absent(value)]
    place = source.span(node.region)
    where = f"{place.line}:{place.column}"
    yield f"  {where:>8}  {'  ' * depth}{label}{type(node).__name__} {' '.join(plain)}".rstrip()
    for name, value in fields:
        for child in _nodes(value):
            yield from _tree(child, source, depth + 1, f"{name}: ")


def _is_absent(value: Any) -> bool:
    return value is None or value is False or value == ()


def _value(value: Any) -> str:
    """A plain field as Python writes it, an enumeration's by its value."""
    return str(value.value) if hasattr(value, "value") else repr(value)


def _nodes(value: Any) -> list[Node]:
    """The nodes in a field: itself, or those of a tuple, nested ones included."""
    if isinstance(value, Node):
        return [value]
    if isinstance(value, tuple):
        return [node for each in value for node in _nodes(each)]
    return []
