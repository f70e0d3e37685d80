"""The command `tiercel`: its subcommands in order, and how each ending becomes an exit code."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from typing import TYPE_CHECKING, Final

import click

from tiercel.cli.issues import show_issues
from tiercel.cli.terminal import console, shown
from tiercel.errors import RuleError, TiercelError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "main", "tiercel"]

EXIT_FAILED: Final = 3
EXIT_INTERRUPTED: Final = 130

COMMANDS: Final = {
    "hunt": "tiercel.cli.hunt:hunt_command",
    "show": "tiercel.cli.show:show_command",
    "paths": "tiercel.cli.paths:paths_command",
    "report": "tiercel.cli.page:report_command",
    "export": "tiercel.cli.export:export_command",
    "query": "tiercel.cli.query:query_command",
    "import": "tiercel.cli.import_:import_command",
    "watch": "tiercel.cli.watch:watch_command",
    "alerts": "tiercel.cli.alerts:alerts_command",
    "filters": "tiercel.cli.filters:filters_command",
    "lake": "tiercel.cli.lake:lake_command",
    "rules": "tiercel.cli.rules:rules_command",
    "explain": "tiercel.cli.explain:explain_command",
    "check": "tiercel.cli.check:check_command",
    "simulate": "tiercel.cli.simulate:simulate_command",
}
"""Every subcommand and where it stands, in the order in which `tiercel --help` lists them."""


class _Commands(click.Group):
    """The subcommands in their order, each imported when it is called: a hunt does not wait for the simulator."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="tiercel", message="%(prog)s %(version)s")
def tiercel() -> None:
    """Finds Windows lateral movement over DCOM, WMI and the Service Control Manager in any Windows telemetry.

    Rules are Markdown documents with KQL. They run on a folder of event logs as they run in Microsoft Defender.

    \b
    tiercel hunt logs/                     hunt a folder of logs with the shipped rules
    tiercel hunt logs/ --rules mine.md     hunt it with a rule of your own
    tiercel show ID logs/                  one finding in full: timeline, processes, what to do
    tiercel hunt logs/ --report case.html  the findings as one page to read, send and print
    tiercel query 'DeviceProcessEvents | take 5' logs/
                                           run any KQL over the same tables

    \b
    Exit codes: 0 nothing found, 1 findings, 2 wrong use, 3 an input or a rule failed (findings are still printed).
    """  # noqa: D301  click's mark for lines that keep their shape


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; what comes back is the exit code. Only findings end with 1."""
    try:
        ended = tiercel.main(args=arguments, prog_name="tiercel", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code if error.exit_code != 1 else EXIT_FAILED
    except click.Abort:
        console(sys.stderr).print("stopped")
        return EXIT_INTERRUPTED
    except SystemExit:
        # How click says that whoever read our output has gone; Python would complain once more while closing it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except TiercelError as error:
        words = console(sys.stderr)
        words.print(f"Error: {shown(error.message)}", style="bold red")
        if isinstance(error, RuleError):
            show_issues(words, error.issues)
        return error.exit_code
    except Exception:  # noqa: BLE001  the last resort: Python's own exit code, 1, would mean findings
        console(sys.stderr).print(shown(traceback.format_exc(), keep="\n"))
        console(sys.stderr).print("This is an error of Tiercel's own; please report the lines above.", style="bold red")
        return EXIT_FAILED
    return ended if isinstance(ended, int) else 0
