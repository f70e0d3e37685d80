r"""Which COM application a surrogate process hosts: `dllhost.exe /Processid:{AppID}` says it on its command line."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tiercel.findings.finding import Process

__all__ = ["hosted", "named"]

_PROCESS_ID: Final = re.compile(
    r"/processid:\s*\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?", re.IGNORECASE
)
"""The surrogate's own switch (Microsoft Learn, "DllSurrogate": the AppID follows /Processid)."""


def hosted(name: str | None, command_line: str | None) -> str | None:
    r"""The application that a surrogate hosts: its AppID, and the name where one is public; None for any other process.

    >>> hosted("dllhost.exe", r"C:\Windows\system32\DllHost.exe /Processid:{3e5fc7f9-9a51-4367-9063-a120244fbec7}")
    'AppID {3E5FC7F9-9A51-4367-9063-A120244FBEC7}, CMSTPLUA'
    >>> hosted("dllhost.exe", "dllhost.exe /Processid:{00000000-0000-0000-0000-000000000001}")
    'AppID {00000000-0000-0000-0000-000000000001}'
    >>> hosted("cmd.exe", "cmd.exe /c echo /Processid:{3E5FC7F9-9A51-4367-9063-A120244FBEC7}")
    """
    if (name or "").lower() != "dllhost.exe" or not (found := _PROCESS_ID.search(command_line or "")):
        return None
    app_id = found[1].upper()
    known = _names().get(app_id)
    return f"AppID {{{app_id}}}" + (f", {known}" if known else "")


def named(process: Process | None) -> str | None:
    """The process's name as a sentence says it, a surrogate's with the application that it hosts."""
    if process is None or process.name is None:
        return None
    application = hosted(process.name, process.command_line)
    return f"{process.name} ({application})" if application else process.name


@cache
def _names() -> dict[str, str]:
    """Public names by AppID; `app_ids.csv` gives the source of each."""
    import csv  # noqa: PLC0415  few findings speak of a surrogate
    from importlib import resources  # noqa: PLC0415  as above

    text = (resources.files("tiercel.findings") / "app_ids.csv").read_text(encoding="utf-8")
    return {row["app_id"]: row["name"] for row in csv.DictReader(text.splitlines())}
