"""Reading user agents: the browsers, systems and devices that sign-ins name most."""

from __future__ import annotations

import re
from typing import Final

from tiercel.plan.routines.routine import Routine
from tiercel.tables import KustoType

__all__ = ["ROUTINES"]

_VERSION: Final = r"(\d+)(?:[._](\d+))?(?:[._](\d+))?"

_BROWSERS: Final = tuple(
    (family, re.compile(pattern.replace("#", _VERSION)))
    for family, pattern in (
        ("AdobeAIR", "AdobeAIR/#"),
        ("Edge Mobile", "(?:EdgA|EdgiOS)/#"),
        ("Edge", "Edge?/#"),
        ("Opera", "OPR/#"),
        ("Samsung Internet", "SamsungBrowser/#"),
        ("Firefox iOS", "FxiOS/#"),
        ("Firefox Mobile", "(?:Mobile|Tablet).* Firefox/#"),
        ("Firefox", "Firefox/#"),
        ("Chrome Mobile iOS", "CriOS/#"),
        ("HeadlessChrome", "HeadlessChrome/#"),
        ("Chrome Mobile WebView", "; wv\\).* Chrome/#"),
        ("Chrome Mobile", "Chrome/#[^ ]* Mobile"),
        ("Chrome", "Chrome/#"),
        ("Mobile Safari", "Version/#[^ ]* Mobile/.* Safari/"),
        ("Safari", "Version/#.* Safari/"),
        ("IE", "MSIE #"),
        ("IE", "Trident/.*rv:#"),
        ("Python Requests", "python-requests/#"),
        ("okhttp", "okhttp/#"),
        ("curl", "curl/#"),
        ("Wget", "Wget/#"),
    )
)
"""Families by what marks them, the narrower ones first; `#` is where the version stands."""

_WINDOWS: Final = {
    "10.0": ("10", ""),
    "6.3": ("8", "1"),
    "6.2": ("8", ""),
    "6.1": ("7", ""),
    "6.0": ("Vista", ""),
    "5.2": ("XP", ""),
    "5.1": ("XP", ""),
}
"""The release that a number of Windows NT stands for."""

_SYSTEMS: Final = tuple(
    (family, re.compile(pattern.replace("#", _VERSION)))
    for family, pattern in (
        ("iOS", "(?:iPhone|iPad|iPod).* OS #"),
        ("Android", "Android #"),
        ("Mac OS X", "Mac OS X #"),
        ("Chrome OS", "CrOS [^ ]+ #"),
        ("Ubuntu", "Ubuntu(?:/#)?"),
        ("Fedora", "Fedora(?:/#)?"),
        ("Mac OS X", "Mac OS X"),
        ("Android", "Android"),
        ("Linux", "Linux"),
    )
)

_DEVICES: Final = (("iPhone", "Apple"), ("iPad", "Apple"), ("iPod", "Apple"), ("Macintosh", "Apple"))
_LONGEST: Final = 4_096
"""Characters: what is longer is no browser's."""


def _parts(found: re.Match[str] | None) -> list[str]:
    groups = list(found.groups()) if found is not None else []
    return [one or "" for one in (*groups, "", "", "")][:3]


def _browser(agent: str) -> dict[str, object]:
    family, (major, minor, patch) = "Other", _parts(None)
    for name, pattern in _BROWSERS:
        if (found := pattern.search(agent)) is not None:
            family, (major, minor, patch) = name, _parts(found)
            break
    return {"Family": family, "MajorVersion": major, "MinorVersion": minor, "Patch": patch}


def _system(agent: str) -> dict[str, object]:
    family, (major, minor, patch) = "Other", _parts(None)
    if (windows := re.search(r"Windows NT (\d+\.\d+)", agent)) is not None:
        family, (major, minor) = "Windows", _WINDOWS.get(windows[1], ("", ""))
    else:
        for name, pattern in _SYSTEMS:
            if (found := pattern.search(agent)) is not None:
                family, (major, minor, patch) = name, _parts(found)
                break
    return {"Family": family, "MajorVersion": major, "MinorVersion": minor, "Patch": patch, "PatchMinor": ""}


def _device(agent: str) -> dict[str, object]:
    for mark, brand in _DEVICES:
        if mark in agent:
            model = "Mac" if mark == "Macintosh" else mark
            return {"Family": model, "Brand": brand, "Model": model}
    return {"Family": "Other", "Brand": "", "Model": ""}


_READERS: Final = {
    "browser": ("Browser", _browser),
    "os": ("OperatingSystem", _system),
    "device": ("Device", _device),
}


def _parse_user_agent(agent: str | None, look_for: object) -> dict[str, object] | None:
    """What a user agent says of the `browser`, the `os` and the `device`: one of these words, or an array of them.

    Example: `parse_user_agent("... Firefox/128.0", "browser").Browser.Family` is `Firefox`.
    Where we differ: Kusto knows many more families; what is not among the frequent ones is `Other` here.
    """
    wanted = look_for if isinstance(look_for, list) else [look_for]
    readers = [_READERS.get(one.lower()) for one in wanted if isinstance(one, str)]
    if not readers or None in readers or len(readers) < len(wanted):
        return None
    text = (agent or "")[:_LONGEST]
    return {name: read(text) for name, read in (one for one in readers if one is not None)}


ROUTINES: Final = (
    Routine("parse_user_agent", _parse_user_agent, (KustoType.STRING, KustoType.DYNAMIC), KustoType.DYNAMIC),
)
