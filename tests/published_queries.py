"""Runs a folder of queries on empty tables and says which fail, grouped by cause.

    python tests/published_queries.py FOLDER...

Reads .kql, .csl and .txt (a file is a query), .md (each fence of KQL), .yaml and .yml (the field `query`, as Sentinel's
rules have it). Every query is compiled and run; prints the counts, then the causes, the most frequent first, each with
its files. Exits with 1 where more than 5 of 100 fail.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import yaml

from tiercel.engines.duckdb import DuckDBEngine
from tiercel.errors import Severity, TiercelError
from tiercel.kql import Source
from tiercel.plan import compile_text
from tiercel.telemetry.storage import create_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NOW = datetime(2026, 7, 14, 12)
_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w#]*)[^\n]*\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL)
_KQL = {"c#", "kql", "kusto", "kusto-query", "csl", ""}
_NAMED = re.compile(r"`[^`]*`")
_ENOUGH = 0.95


@dataclass(frozen=True)
class Failure:
    """A query that did not run: why, in words that others share, and in its own."""

    name: str
    cause: str
    message: str


def queries(folders: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Each query in the folders with a name that tells where it stands."""
    for folder in folders:
        files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else [folder]
        for path in files:
            text = path.read_text(encoding="utf-8", errors="replace")
            match path.suffix.lower():
                case ".kql" | ".csl" | ".txt":
                    yield path.name, text
                case ".md":
                    fences = [body for word, body in _FENCE.findall(text) if word.lower() in _KQL and body.strip()]
                    yield from ((f"{path.name}#{number}", body) for number, body in enumerate(fences, 1))
                case ".yaml" | ".yml":
                    document = yaml.safe_load(text)
                    if isinstance(document, dict) and isinstance(document.get("query"), str):
                        yield path.name, document["query"]


def run(name: str, text: str, engine: DuckDBEngine) -> list[Failure]:
    """What keeps the query from running, nothing where it ran."""
    compiled = compile_text(Source(text, name), now=_NOW, probe=engine.probe)
    if compiled.plan is None:
        errors = [issue for issue in compiled.issues if issue.severity is Severity.ERROR]
        return [
            Failure(name, f"{one.code}: {_NAMED.sub('`..`', one.message)}", f"{one.span}: {one.message}")
            for one in errors
        ]
    try:
        engine.run(compiled.plan)
    except TiercelError as error:
        return [Failure(name, f"the engine: {str(error)[:60]}", str(error)[:300])]
    return []


def main(arguments: list[str]) -> int:
    """The exit code, after what was found is printed."""
    if not arguments:
        print(__doc__)
        return 2
    with duckdb.connect() as connection:
        create_tables(connection)
        engine = DuckDBEngine(connection)
        found = list(queries(Path(one) for one in arguments))
        failed = [failures for name, text in found if (failures := run(name, text, engine))]
    causes: dict[str, list[Failure]] = defaultdict(list)
    for failures in failed:
        causes[failures[0].cause].append(failures[0])
    for cause, of_cause in sorted(causes.items(), key=lambda item: -len(item[1])):
        print(f"{len(of_cause):4}  {cause}")
        for one in of_cause:
            print(f"        {one.message}")
    ran = len(found) - len(failed)
    print(f"{ran} of {len(found)} queries run ({100 * ran / max(len(found), 1):.1f} of 100)")
    return 0 if ran >= _ENOUGH * len(found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
