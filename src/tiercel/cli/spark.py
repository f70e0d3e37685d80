"""The options by which a command runs on Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from tiercel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiercel.engines.spark import Cluster

__all__ = ["cluster_of", "spark_options"]

_Command = TypeVar("_Command", bound="Callable[..., Any]")


def spark_options(command: _Command) -> _Command:
    """The command with `--engine`, `--master`, `--remote` and `--conf`; `cluster_of` reads them."""
    options = (
        click.option(
            "--engine",
            type=click.Choice(["duckdb", "spark"]),
            default="duckdb",
            show_default=True,
            help="What runs the rules. spark needs `pip install tiercel[spark]`, Java, and a lake at PATH.",
        ),
        click.option(
            "--master",
            metavar="URL",
            help="Spark's master: local[4], yarn, k8s://..., spark://host:7077.  [default: local[*]]",
        ),
        click.option("--remote", metavar="sc://HOST", help="A Spark Connect server, instead of a master."),
        click.option(
            "--conf",
            "settings",
            metavar="NAME=VALUE",
            multiple=True,
            help="A setting of Spark's, such as spark.executor.memory=8g. May be given more than once.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def cluster_of(engine: str, master: str | None, remote: str | None, settings: tuple[str, ...]) -> Cluster | None:
    """The Spark that the options ask for; None for DuckDB. Raises UsageError for options that do not go together."""
    if engine != "spark":
        given = [name for name, value in (("--master", master), ("--remote", remote), ("--conf", settings)) if value]
        if given:
            raise UsageError(f"{given[0]} is for Spark: add `--engine spark`")
        return None
    if master and remote:
        raise UsageError("give --master or --remote, not both: a Spark Connect address names its cluster by itself")
    wrong = next((setting for setting in settings if "=" not in setting), None)
    if wrong is not None:
        raise UsageError(f"--conf {wrong}: write NAME=VALUE, such as spark.executor.memory=8g")
    from tiercel.engines.spark import Cluster  # noqa: PLC0415  only for those who use Spark

    pairs = (setting.split("=", 1) for setting in settings)
    return Cluster(master, remote, settings={name.strip(): value.strip() for name, value in pairs})
