"""`tiercel alerts`: the stored findings, what people did with them, and telling other systems of new ones."""

from __future__ import annotations

import getpass
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tiercel.cli.alert_words import alert_csv, export_csv, show_alert, show_list
from tiercel.cli.options import INSTANT, out_option, store_option
from tiercel.cli.terminal import console, plural, shown
from tiercel.cli.written import json_line, opened
from tiercel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tiercel.alerts import Alert, AlertStore, Wanted
    from tiercel.alerts.delivery import Delivered

__all__ = ["alerts_command"]

_EXIT_FAILED: Final = 3
_STATES: Final = ("new", "acknowledged", "closed", "merged", "withdrawn")
_VERDICTS: Final = ("true-positive", "false-positive", "benign")
_SEVERITIES: Final = ("informational", "low", "medium", "high", "critical")


@click.group("alerts", short_help="Work on stored findings: list, show, set, export, deliver.")
def alerts_command() -> None:
    """List and work on alerts: findings that were stored, each once, however often it was found.

    \b
    tiercel hunt evidence/ --store cases.db              store what a hunt finds
    tiercel alerts list --store cases.db --state new
    tiercel alerts show 12
    tiercel alerts set 12 13 --state closed --verdict benign --comment "software distribution"
    tiercel alerts export --out alerts.jsonl
    tiercel alerts deliver --config targets.yaml

    The store is a file, or a PostgreSQL database by its URL. Where --store is not given it is what the variable
    TIERCEL_STORE names, else a file in your data folder.
    """  # noqa: D301  click's mark for lines that keep their shape


_WANTED: Final = (
    click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="Only these. May be repeated."),
    click.option("--verdict", "verdicts", multiple=True, type=click.Choice(_VERDICTS), help="Only these closed ones."),
    click.option("--severity", type=click.Choice(_SEVERITIES), help="This one and above."),
    click.option("--device", metavar="NAME", help="A device's name, with or without its domain, or its id."),
    click.option("--rule", metavar="ID", help="Only alerts of this rule."),
    click.option("--since", metavar="TIME", type=INSTANT, help="With evidence at this time or later."),
    click.option("--until", metavar="TIME", type=INSTANT, help="With evidence before this time."),
)


def _wanted_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_WANTED):
        command = option(command)
    return command


@alerts_command.command("list", short_help="List alerts, the newest evidence first.")
@store_option
@_wanted_options
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most so many.")
@click.option(
    "--format", "written_as", type=click.Choice(["table", "jsonl", "csv"]), default="table", show_default=True
)
@out_option
def list_command(*, store: str | None, limit: int | None, written_as: str, out: Path | None, **asked: Any) -> None:
    """List alerts, the newest evidence first. Those that became part of others, or were withdrawn, only by --state.

    \b
    tiercel alerts list --state new --severity high
    tiercel alerts list --device ws6 --since 2026-07-14 --format jsonl
    """  # noqa: D301  click's mark for lines that keep their shape
    with _open(store) as opened_store:
        found = opened_store.alerts(_wanted(limit=limit, **asked))
    with opened(out) as file:
        match written_as:
            case "jsonl":
                file.writelines(_line(alert) for alert in found)
            case "csv":
                file.writelines(alert_csv(found))
            case _:
                show_list(console(file), found)
    if written_as == "table":
        console(sys.stdout if out is None else sys.stderr).print(plural(len(found), "alert"), style="bold")


@alerts_command.command("show", short_help="Show one alert whole, with its history.")
@store_option
@click.argument("name", metavar="ALERT")
@click.option("--format", "written_as", type=click.Choice(["table", "json"]), default="table", show_default=True)
def show_command(*, store: str | None, name: str, written_as: str) -> None:
    """Show ALERT, its evidence and its history. ALERT is its number, its fingerprint, or a finding's id."""
    with _open(store) as opened_store:
        alert = opened_store.find(name)
        if alert is None:
            raise UsageError(f"there is no alert {name} in {opened_store.name}")
        changes = opened_store.history(alert.id)
    if written_as == "json":
        sys.stdout.write(_line(alert, history=[_change(each) for each in changes]))
    else:
        show_alert(console(sys.stdout), alert, changes)


@alerts_command.command("set", short_help="Change alerts' state, or comment on them.")
@store_option
@click.argument("names", metavar="ALERT...", nargs=-1, required=True)
@click.option("--state", type=click.Choice(_STATES[:3]), help="The new state. closed needs a verdict.")
@click.option("--verdict", type=click.Choice(_VERDICTS), help="What a closed alert turned out to be.")
@click.option("--comment", metavar="TEXT", help="Why, for those who come later.")
@click.option("--by", "who", metavar="NAME", help="Who says so. Default: your user name.")
def set_command(
    *,
    store: str | None,
    names: tuple[str, ...],
    state: str | None,
    verdict: str | None,
    comment: str | None,
    who: str | None,
) -> None:
    """Change the state of each ALERT, or comment on it; who did it and when is kept. All of them change, or none.

    A closed alert that is seen again stays closed and is counted. It is new again when the attack is seen to have gone
    further than when it was closed: from access to execution, to a higher severity, to a started process.

    \b
    tiercel alerts set 12 --state acknowledged
    tiercel alerts set 12 13 --state closed --verdict false-positive --comment "our own scanner"
    tiercel alerts set 12 --comment "asked the admins"
    """  # noqa: D301  click's mark for lines that keep their shape
    from tiercel.alerts import State, Verdict  # noqa: PLC0415  sqlalchemy is slow to import

    if state is None and (verdict or not comment):
        raise UsageError("give --state, or --comment")
    by = who or getpass.getuser()
    with _open(store) as opened_store:
        found = {name: opened_store.find(name) for name in names}
        if missing := [name for name, alert in found.items() if alert is None]:
            raise UsageError(f"there is no alert {', '.join(missing)} in {opened_store.name}; nothing was changed")
        numbers = list(dict.fromkeys(alert.id for alert in found.values() if alert))
        if state is None:
            for number in numbers:
                opened_store.comment(number, comment or "", who=by)
        else:
            told = Verdict(verdict) if verdict else None
            opened_store.set_state(numbers, State(state), verdict=told, comment=comment, who=by)
    done = f"{state}{f' ({verdict})' if verdict else ''}" if state else "commented"
    console(sys.stdout).print(f"{plural(len(numbers), 'alert')}: {done}", style="bold")


@alerts_command.command("export", short_help="Write alerts with their history to a file.")
@store_option
@_wanted_options
@click.option("--format", "written_as", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@out_option
def export_command(*, store: str | None, written_as: str, out: Path | None, **asked: Any) -> None:
    """Write alerts of every state: as JSON lines with all their evidence and history, or as CSV, one a line."""
    with _open(store) as opened_store, opened(out) as file:
        states = asked.pop("states") or _STATES
        found = opened_store.alerts(_wanted(states=states, **asked))
        if written_as == "csv":
            file.writelines(export_csv((alert, opened_store.history(alert.id)) for alert in found))
        else:
            for alert in found:
                file.write(_line(alert, history=[_change(each) for each in opened_store.history(alert.id)]))
    console(sys.stderr).print(plural(len(found), "alert"), style="bold")


@alerts_command.command("deliver", short_help="Tell a webhook, syslog or a folder of new alerts.")
@store_option
@click.option(
    "--config",
    required=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The targets, in YAML; see docs/alerts.md.",
)
@click.option("--once", is_flag=True, help="One pass, then end: 0 when all were told, 3 when something waits still.")
@click.option("--skip", "skipped", metavar="TARGET:SEQUENCE", help="Never tell this target this message.")
def deliver_command(*, store: str | None, config: Path, once: bool, skipped: str | None) -> int:
    """Tell the targets in FILE what waits for them, in order per device, and go on until stopped (Ctrl-C).

    A target that is down is tried again, ever less often; nothing is lost meanwhile. A message is sent at least once: a
    repeat has the same Idempotency-Key. Of several processes that deliver one store's alerts one does it at a time.
    """
    from datetime import UTC, datetime  # noqa: PLC0415  only here

    from tiercel.alerts.delivery import Deliverer, read_targets  # noqa: PLC0415  httpx is slow to import
    from tiercel.alerts.outbox import Outbox  # noqa: PLC0415  sqlalchemy is slow to import

    words = console(sys.stderr)
    targets = read_targets(config)
    with _open(store) as opened_store:
        if skipped:
            name, _, number = skipped.rpartition(":")
            target = next((each for each in targets if each.name == name), None)
            if target is None or not number.isdecimal():
                raise UsageError(f"{skipped} names no target of {config} and number of a message; write siem:42")
            outbox = Outbox(opened_store.database, target.name, target.kinds, target.least_severity)
            if not outbox.skip(int(number), datetime.now(UTC)):
                raise UsageError(f"no message {number} waits for {name}")
            words.print(f"{shown(name)} will not be told of message {number}")
            return 0
        deliverer = Deliverer(opened_store, targets, told=lambda done: _show_delivered(words, done))
        if once:
            for done in deliverer.step():
                _show_delivered(words, done)
            standings = deliverer.standings()
            deliverer.close()
            for standing in standings:
                error = f": {shown(standing.error)}" if standing.error else ""
                words.print(f"{shown(standing.target)}: {plural(standing.waiting, 'message')} waiting{error}")
            return _EXIT_FAILED if any(standing.waiting for standing in standings) else 0
        stop = threading.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: stop.set())
        words.print(f"delivering to {', '.join(shown(target.name) for target in targets)}; Ctrl-C ends it")
        deliverer.run(stop)
    return 0


def _show_delivered(words: Any, done: Delivered) -> None:
    if done.is_elsewhere:
        words.print(f"{shown(done.target)}: another process delivers to it")
    elif done.delivered or done.error:
        error = f"; {shown(done.error)}" if done.error else ""
        words.print(f"{shown(done.target)}: {plural(done.delivered, 'message')} delivered{error}")


def _open(store: str | None) -> AlertStore:
    from tiercel.alerts import AlertStore  # noqa: PLC0415  sqlalchemy is slow to import

    return AlertStore.open(store, is_new=False)


def _wanted(
    *,
    states: tuple[str, ...] = (),
    verdicts: tuple[str, ...] = (),
    severity: str | None = None,
    device: str | None = None,
    rule: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> Wanted:
    from tiercel.alerts import State, Verdict, Wanted  # noqa: PLC0415  sqlalchemy is slow to import

    return Wanted(
        states=tuple(map(State, states)),
        verdicts=tuple(map(Verdict, verdicts)),
        least_severity=severity,
        device=device,
        rule=rule,
        since=since,
        until=until,
        limit=limit,
    )


def _line(alert: Alert, **more: Any) -> str:
    from tiercel.alerts.rows import alert_json  # noqa: PLC0415  sqlalchemy is slow to import

    return json_line({**alert_json(alert), **more}) + "\n"


def _change(change: Any) -> dict[str, Any]:
    return {name: getattr(change, name) for name in ("at", "who", "action", "before", "after", "text")}
