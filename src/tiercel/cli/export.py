"""`tiercel export`: a saved result for other systems."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tiercel.cli.findings import finding_csv
from tiercel.cli.options import out_option, rules_option
from tiercel.cli.terminal import console, plural, shown
from tiercel.cli.written import json_line, opened
from tiercel.errors import UsageError
from tiercel.exports import FORMATS, finding_schema, rules_layer
from tiercel.findings import as_json
from tiercel.hunt import choose_rules
from tiercel.saved import load

if TYPE_CHECKING:
    from tiercel.hunt import Result

__all__ = ["export_command"]

_BY_NAME: Final = {each.name: each for each in FORMATS}
_OWN: Final = ("jsonl", "csv", "parquet")
_ABOUT: Final = "; ".join(f"{each.name}: {each.about}" for each in FORMATS)


@click.command(
    "export", short_help="Write a saved result for other systems: OCSF, ECS, Timesketch, Navigator, Parquet."
)
@click.argument(
    "saved", required=False, metavar="[RESULT]", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--format",
    "written_as",
    type=click.Choice([*_BY_NAME, *_OWN]),
    help=f"{_ABOUT}; jsonl, csv, parquet: the findings themselves.",
)
@out_option
@rules_option
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a finding, as jsonl holds it.")
def export_command(
    *, saved: Path | None, written_as: str | None, out: Path | None, rules: tuple[Path, ...], schema: bool
) -> int:
    """Write the findings of RESULT in the format that another system takes.

    RESULT is what `tiercel hunt --save FILE` wrote, or findings as JSON lines. Without RESULT, `navigator` writes the
    layer of the shipped rules, or of those that --rules names: what they look for.

    \b
    tiercel export case.json --format ocsf > findings.ocsf.jsonl
    tiercel export case.json --format timesketch --out timeline.jsonl
    tiercel export case.json --format parquet --out findings.parquet
    tiercel export --format navigator --out layer.json      what the rules look for
    tiercel export --schema                                 what a line of findings holds

    \b
    Exit codes: 0 written, 2 wrong use, 3 RESULT cannot be read.
    """  # noqa: D301  click's mark for lines that keep their shape
    if schema:
        with opened(out) as file:
            file.write(json.dumps(finding_schema(), indent=2) + "\n")
        return 0
    if written_as is None:
        raise UsageError(f"--format says what to write: {', '.join([*_BY_NAME, *_OWN])}")
    if saved is None:
        if written_as != "navigator":
            raise UsageError("RESULT is missing: what `tiercel hunt --save FILE` wrote")
        with opened(out) as file:
            file.write(json.dumps(rules_layer(choose_rules(rules or None).rules), indent=2) + "\n")
        return 0
    result = load(saved).result
    if written_as == "parquet":
        _write_parquet(result, out)
    else:
        _write_text(result, written_as, out)
    if out is not None:
        console(sys.stderr).print(f"{plural(len(result.findings), 'finding')} written to {shown(str(out))}")
    return 0


def _write_text(result: Result, written_as: str, out: Path | None) -> None:
    with opened(out) as file:
        if written_as == "csv":
            file.writelines(finding_csv(result.findings))
        elif written_as == "jsonl":
            file.writelines(json_line(as_json(finding)) + "\n" for finding in result.findings)
        else:
            file.writelines(json_line(value) + "\n" for value in _BY_NAME[written_as].values(result))


def _write_parquet(result: Result, out: Path | None) -> None:
    """The findings as one Parquet file, which takes its name when it is whole."""
    if out is None:
        raise UsageError("parquet is no text: say with --out FILE where to write it")
    from pyarrow import parquet  # noqa: PLC0415  only this format needs it

    with opened(out) as file:
        parquet.write_table(result.findings.to_arrow(), file.buffer)  # type: ignore[attr-defined]  # a file of text has one
