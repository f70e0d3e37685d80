"""`tiercel paths`: how findings chain from host to host."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Final

import click

from tiercel.cli.given import given_result
from tiercel.cli.options import PLACE, as_of_option, result_option, rules_option
from tiercel.cli.overview import STYLES, short_name
from tiercel.cli.terminal import Line, Words, console, moment, plural, shown, wrapped
from tiercel.cli.written import json_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from tiercel.findings import Hop, MovementPath
    from tiercel.tables.places import Place

__all__ = ["paths_command"]

_EXIT_FOUND: Final = 1
_EXIT_FAILED: Final = 3
_MOST: Final = 20
"""So many hops and hosts of a path are shown; a tool that manages a fleet reaches all of it."""
_TIES: Final = {
    "process": "its process comes from what hop {after} started",
    "account": "the same account as in hop {after}",
    "host": "from the host that hop {after} reached",
}


@click.command("paths", short_help="Chain findings into paths: entry, hops, accounts, reach.")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=PLACE)
@result_option
@rules_option
@as_of_option
@click.option("--all", "show_all", is_flag=True, help="Also show each path of a single hop.")
@click.option("--json", "as_data", is_flag=True, help="Print the paths as JSON lines instead.")
def paths_command(
    *,
    paths: tuple[Place, ...],
    saved: Path | None,
    rules: tuple[Path, ...],
    as_of: datetime | None,
    show_all: bool,
    as_data: bool,
) -> int:
    """Show how the findings chain: the target of one is the source of the next, in time.

    Each hop says what ties it to the one before: its process comes from what that hop started, the same account goes
    on, or it only goes on from the host that was reached. Telemetry at PATH is hunted; --result takes a saved result.

    \\b
    tiercel paths evidence/
    tiercel paths --result case.json
    tiercel paths --result case.json --json

    \\b
    Exit codes: 0 no path, 1 paths, 2 wrong use, 3 an input or a rule failed.
    """  # noqa: D301  click's mark for lines that keep their shape
    result, is_saved = given_result(paths, saved, rules, as_of)
    found = result.paths
    if as_data:
        sys.stdout.writelines(json_line(dataclasses.asdict(path)) + "\n" for path in found)
    else:
        _show_paths(console(sys.stdout), found, show_all=show_all)
    if not is_saved and not result.is_complete:
        return _EXIT_FAILED
    return _EXIT_FOUND if found else 0


def _show_paths(words: Words, found: Sequence[MovementPath], *, show_all: bool) -> None:
    drawn = [path for path in found if show_all or len(path.hops) > 1]
    for number, path in enumerate(drawn, 1):
        _show_path(words, path, number)
    single = len(found) - len(drawn)
    words.print()
    if single:
        words.print(f"{plural(single, 'finding leads', 'findings lead')} to no second host; --all shows these too")
    words.print(plural(len(drawn), "path"), style="bold")


def _show_path(words: Words, path: MovementPath, number: int) -> None:
    words.print()
    count = plural(len(path.hops), "hop") + (f" ({path.depth} in a row)" if path.depth < len(path.hops) else "")
    words.print(f"{number}. {count} from {shown(path.entry or 'an unknown host')}", style="bold")
    for name, text in (
        ("time", f"{moment(path.first_time)} to {moment(path.last_time)} UTC"),
        ("accounts", ", ".join(path.accounts) or "unknown"),
        ("reach", _some(path.reach)),
        ("id", path.id),
    ):
        words.print(wrapped(shown(text), f"   {name:<10}", " " * 13, words))
    for hop in path.hops[:_MOST]:
        _show_hop(words, hop)
    if len(path.hops) > _MOST:
        words.print(f"       and {plural(len(path.hops) - _MOST, 'more hop')}; all of them with --json", style="dim")


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f" and {plural(more, 'more host')}" if more > 0 else "")


def _show_hop(words: Words, hop: Hop) -> None:
    line = Line(f"   {hop.number:>2}  {moment(hop.first_time)}  ")
    line.append(f"{short_name(shown(hop.source or 'unknown'))} -> {short_name(shown(hop.target))}", "bold")
    line.append(f"  {shown(hop.title)}  ")
    line.append(hop.severity, STYLES.get(hop.severity, "bold"))
    words.print(line)
    tie = _TIES[hop.tied_by].format(after=hop.after) if hop.tied_by in _TIES else "where it came in"
    ids = ", ".join(each[:8] for each in hop.findings[:5])
    more = f" and {len(hop.findings) - 5} more" if len(hop.findings) > 5 else ""
    text = f"as {hop.account or 'an unknown account'}; {tie}; {hop.confidence} confidence; finding {ids}{more}"
    words.print(wrapped(shown(text), " " * 7, " " * 7, words), style="dim")
