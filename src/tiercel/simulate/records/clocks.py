"""Times as the sources write them, from columns of microseconds since 1970, UTC."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["iso", "iso_millis", "sysmon_time"]


def sysmon_time(micros: Any) -> Any:
    """Sysmon's UtcTime: `2026-03-02 08:15:02.123`."""
    millis = pc.divide(micros, 1_000)
    return millis.cast(pa.timestamp("ms")).cast(pa.string())


def iso_millis(micros: Any) -> Any:
    """Winlogbeat's @timestamp: `2026-03-02T08:15:02.123Z`."""
    return _with_zone(sysmon_time(micros))


def iso(micros: Any) -> Any:
    """A time to the microsecond, as streamed by Defender: `2026-03-02T08:15:02.123456Z`."""
    return _with_zone(micros.cast(pa.timestamp("us")).cast(pa.string()))


def _with_zone(text: Any) -> Any:
    return pc.binary_join_element_wise(pc.replace_substring(text, " ", "T"), "Z", "")
