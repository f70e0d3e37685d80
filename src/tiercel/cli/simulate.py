"""`tiercel simulate`: a fleet's telemetry with attacks in it, and the truth about them beside it."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tiercel.errors import UsageError
from tiercel.simulate import DEFAULT_START, INTRUSIONS, SCENARIOS, Format, find_scenario, simulate, write_matrix

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["simulate_command"]


@click.command("simulate")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="A new or empty folder.")
@click.option("--hosts", type=click.IntRange(4, 100_000), default=50, show_default=True, help="Hosts in the fleet.")
@click.option("--days", type=click.IntRange(1, 31), default=1, show_default=True, help="How many days are written.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--attack", "attacks", multiple=True, metavar="NAME", help="A scenario to play; may be given more than once."
)
@click.option(
    "--format",
    "written_as",
    type=click.Choice([str(value) for value in Format]),
    default=str(Format.SYSMON),
    show_default=True,
    help="sysmon: Sysmon, Security and System events as Winlogbeat writes them. defender: Defender's streaming "
    "records. both: the fleet in both. parquet: Defender's tables. lake: the same as a lake, for large fleets.",
)
@click.option("--management", is_flag=True, help="Also write monitoring over WMI and software deployment over SCM.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default=DEFAULT_START.strftime("%Y-%m-%d"),
    show_default=True,
    help="The first day, UTC.",
)
@click.option(
    "--matrix",
    is_flag=True,
    help="Write every scenario in every variant instead, each to a folder of its own.",
)
@click.option("--list", "list_scenarios", is_flag=True, help="Name every scenario and stop.")
def simulate_command(
    *,
    out: Path | None,
    hosts: int,
    days: int,
    seed: int,
    attacks: tuple[str, ...],
    written_as: str,
    management: bool,
    start: datetime,
    matrix: bool,
    list_scenarios: bool,
) -> None:
    """Write a fleet's telemetry, with attacks in it, and ground-truth.json. Nothing is run: it is data only."""
    if list_scenarios:
        for scenario in SCENARIOS.values():
            kind = "look-alike" if scenario.look_alike else ", ".join(scenario.techniques)
            click.echo(f"{scenario.name:<32} {kind:<34} {scenario.title}")
        for intrusion in INTRUSIONS.values():
            click.echo(f"{intrusion.name:<32} {', '.join(intrusion.scenarios):<34} {intrusion.title}")
        return
    if out is None:
        raise UsageError("name the folder to write to with --out")
    if matrix:
        _write_matrix(out, seed, attacks)
        return
    written = simulate(
        out,
        hosts=hosts,
        days=days,
        seed=seed,
        attacks=attacks,
        written_as=Format(written_as),
        managed=management,
        start=start.replace(tzinfo=UTC),
    )
    click.echo(f"{written.records:,} records of {written.hosts:,} hosts in {written.folder}")
    for attack in written.attacks:
        target, source = attack["target"], attack["source"]
        click.echo(f"  {attack['technique']}: {source['ip']} to {target['device']} at {attack['first_time']}")


def _write_matrix(out: Path, seed: int, attacks: tuple[str, ...]) -> None:
    """Write the matrix, of the named scenarios only if any are named, and say how large it is."""
    scenarios = [find_scenario(name) for name in attacks] or None
    written = write_matrix(out, seed=seed, scenarios=scenarios)
    click.echo(f"{written.records:,} records of {len(written.attacks):,} combinations in {written.folder}")
