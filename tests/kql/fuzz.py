"""Texts that nobody wrote: what must hold for each, and a run over mutated queries for as long as one likes.

`python -m tests.kql.fuzz 10` runs for ten minutes over the cases and the published queries that are at hand.
"""

from __future__ import annotations

import dataclasses
import json
import random
import sys
import time

from tests.conftest import real_data_folder
from tests.kql.tree import CASES, nodes, read_cases

from tiercel.kql import Source, parse
from tiercel.kql.operators.table import NOT_IN_THE_TREE, OPERATORS, SOURCES
from tiercel.kql.syntax import Call, In, Name, Node, Region
from tiercel.kql.tokens import tokenize
from tiercel.kql.words import RESERVED_FOR_VALUES

WORDS = [
    *OPERATORS, *SOURCES, *NOT_IN_THE_TREE, *RESERVED_FOR_VALUES,
    "(", ")", "[", "]", "{", "}", ",", ";", ":", ".", "|", "=", "==", "!=", "<>", "<", ">", "<=", ">=", "=~", "!~", "+",
    "-", "*", "/", "%", "=>", "..", "let", "set", "declare", "by", "on", "with", "and", "or", "in", "!in~", "has_any",
    "between", "matches regex", "to typeof(long)", "datetime(2026-07-14)", "dynamic([1])", "1", "1.5h", "'x'", '"',
    "```", "//", "\n", "\x00", "\u00e9", "$left.a == $right.b", "kind=inner", "x", "T", "f(", "count()", "\ud800",
    "step a: true;", "1..2", "x=", "asc", "nulls first",
]  # fmt: skip


def check(text: str) -> None:
    """Whatever the text: a tree whose regions nest, or issues whose places are in the text."""
    source = Source(text)
    parsed = parse(source)
    assert (parsed.query is None) == bool(parsed.issues)
    lines = text.split("\n")
    for issue in parsed.issues:
        span = issue.span
        assert span is not None
        assert span.text == lines[span.line - 1].rstrip("\r")
        assert 1 <= span.column <= len(span.text) + 1
        assert span.length == 1 or span.column - 1 + span.length <= len(span.text)
        assert issue.message.isprintable()
    if parsed.query is not None:
        for node in nodes(parsed.query):
            check_node(node, text)


def check_node(node: Node, text: str) -> None:
    assert 0 <= node.region.start < node.region.end <= len(text)
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Region):
            assert node.region.start <= value.start < value.end <= node.region.end
        for below in value if isinstance(value, tuple) else (value,):
            if isinstance(below, Node):
                assert node.region.start <= below.region.start
                assert below.region.end <= node.region.end
    written = text[slice(*node.region)]
    if isinstance(node, Name) and not node.quoted:
        assert written == node.text
    if isinstance(node, Call):
        assert text[slice(*node.name_region)] == node.name
    if isinstance(node, In):
        assert text[slice(*node.operator_region)] == node.operator


def mutated(text: str, chance: random.Random, texts: list[str]) -> str:
    tokens = tokenize(text)
    at, other = sorted(chance.randrange(len(text) + 1) for _ in range(2))
    token = chance.randrange(len(tokens.kinds))
    start, end = tokens.starts[token], tokens.ends[token]
    match chance.randrange(7):
        case 0:
            return text[:start] + text[end:]
        case 1:
            return text[:start] + text[start:end] * 2 + text[end:]
        case 2:
            return text[:start] + chance.choice(WORDS) + text[end:]
        case 3:
            return text[:at] + chance.choice("()[]{}\"'`|;,=!\\\n\x00$@") + text[at:]
        case 4:
            return text[:at]
        case 5:
            return text[:at] + text[other:]
        case _:
            return text[:at] + chance.choice(texts)[:200] + text[at:]


def queries() -> list[str]:
    """The cases, and the published queries where they are at hand."""
    texts = [case.text for path in sorted(CASES.glob("*.kql")) for case in read_cases(path)]
    published = real_data_folder().parent / "conformance" / "kusto_emulator_cases.json"
    if published.exists():
        texts += [case["kql"] for case in json.loads(published.read_text(encoding="utf-8"))["cases"]]
    return [text for text in texts if len(text) < 4000]


def run(chance: random.Random, texts: list[str]) -> None:
    """One mutated query."""
    text = chance.choice(texts)
    for _ in range(chance.randint(1, 6)):
        text = mutated(text, chance, texts)
    try:
        check(text)
    except BaseException:
        print(repr(text), file=sys.stderr)  # noqa: T201  the text that broke it is what a reader needs
        raise


if __name__ == "__main__":
    seed = time.time_ns()
    chance, texts, count = random.Random(seed), queries(), 0  # noqa: S311  mutations, no secret
    end = time.monotonic() + 60 * float(sys.argv[1])
    while time.monotonic() < end:
        run(chance, texts)
        count += 1
    print(f"{count:,} texts, seed {seed}: nothing found")  # noqa: T201  a command for people
