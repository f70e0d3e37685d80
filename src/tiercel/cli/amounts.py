"""Sizes and durations as people write and read them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

import click

__all__ = ["DURATION", "SIZE", "megabytes"]

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(KB|MB|GB|TB)", re.IGNORECASE)
_BYTES: Final = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class _Size(click.ParamType[int]):
    """`500MB`, `2GB`: bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(value.strip())
        if match is None or not (size := int(float(match[1]) * _BYTES[match[2].upper()])):
            self.fail(f"{value!r} is no size; write 500MB or 2GB", param, ctx)
        return size


class _Duration(click.ParamType[timedelta]):
    """`90s`, `30m`, `24h`, `7d`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        match = _DURATION.fullmatch(value.strip())
        if match is None:
            self.fail(f"{value!r} is no duration; write 30m, 24h or 7d", param, ctx)
        return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])


SIZE: Final = _Size()
DURATION: Final = _Duration()


def megabytes(size: int) -> str:
    """The size in megabytes, with as many digits as tell something.

    >>> megabytes(1_234_567_890), megabytes(1_250_000), megabytes(900)
    ('1,235 MB', '1.2 MB', '0.0 MB')
    """
    return f"{size / 1e6:,.0f} MB" if size >= 10_000_000 else f"{size / 1e6:.1f} MB"
