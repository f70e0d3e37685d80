"""Data as text: JSON lines and CSV that no event's content can break out of, to standard output or a whole file."""

from __future__ import annotations

import csv
import io
import os
import re
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import orjson

from tiercel.cli.terminal import shown
from tiercel.errors import TiercelError
from tiercel.findings.shapes import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import IO

__all__ = ["csv_text", "json_line", "opened"]

_NOT_ASCII_SAFE: Final = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
_FORMULA: Final = re.compile("^[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")


def json_line(value: Any) -> str:
    r"""The value as one line of JSON; characters that steer a terminal stand as escapes.

    >>> print(json_line({"a": "\x9b31m"}))
    {"a":"\u009b31m"}
    """
    text = orjson.dumps(plain(value), option=orjson.OPT_NON_STR_KEYS).decode()
    return _NOT_ASCII_SAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def csv_text(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    r"""CSV, a line at a time. Text that a spreadsheet would take for a formula gets an apostrophe in front.

    >>> list(csv_text(["a"], [["=1+1"], [-1], [None]]))
    ['a\r\n', "'=1+1\r\n", '-1\r\n', '""\r\n']
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in (headers, *rows):
        writer.writerow([_cell(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: Any) -> Any:
    value = plain(value)
    if isinstance(value, dict | list):
        value = json_line(value)
    if not isinstance(value, str):
        return value
    return shown(f"'{value}" if _FORMULA.match(value) else value)


@contextmanager
def opened(out: Path | None) -> Iterator[IO[str]]:
    """Standard output, or a file that takes its name only when all is written."""
    if out is None:
        yield sys.stdout
        return
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", suffix=".tmp", dir=out.parent)
    except OSError as error:
        raise TiercelError(f"{out} cannot be written: {error.strerror}") from error
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123  it is a descriptor
            yield file
        os.chmod(name, 0o666 & ~_umask())  # noqa: PTH101  the temporary file is its owner's alone
        os.replace(name, out)  # noqa: PTH105  atomic, and over a file that is there
    except BaseException:
        os.unlink(name)  # noqa: PTH108  a name from mkstemp
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
