"""Our events carry the fields that real events carry, and no others."""

from __future__ import annotations

import json
import re
import zipfile
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Simulated

EVERY_SOURCE = (
    "otrf-scm-psexec-tcp-2020",
    "otrf-wmi-sharpwmi-create",
    "otrf22-scm-smb",
    "otrf-other-schtask-create",
    "otrf-wmi-event-subscription",
)
NAMED_OTHERWISE = {
    (4698, "TaskContent"),  # written by Windows; the captures' shippers left it out
}


def real_fields(folder: Path) -> dict[int, set[str]]:
    """The names of all fields of each event id, over captures of three shippers."""
    fields: dict[int, set[str]] = defaultdict(set)
    for capture in EVERY_SOURCE:
        with zipfile.ZipFile(folder / f"{capture}.zip") as archive:
            for name in archive.namelist():
                for event in _events(archive.read(name).decode("utf-8-sig", "replace")):
                    if "EventID" in event:
                        named_in_text = re.findall(r"^(\w+):", str(event.get("Message", "")), re.MULTILINE)
                        fields[int(event["EventID"])].update(event, named_in_text)
    return fields


def _events(text: str) -> Iterator[dict[str, object]]:
    if text.lstrip().startswith("["):
        yield from json.loads(text)
        return
    for line in text.splitlines():
        if line.strip().startswith("{"):
            yield json.loads(line)


def test_event_data_has_the_fields_of_real_events(real_data: Path, simulated: Simulated) -> None:
    real = real_fields(real_data)
    ours: dict[int, set[str]] = defaultdict(set)
    for event in simulated.events:
        ours[event["winlog"]["event_id"]].update(event["winlog"]["event_data"])
    unknown = {
        (event_id, name)
        for event_id, names in ours.items()
        for name in names - real[event_id]
        if (event_id, name) not in NAMED_OTHERWISE
    }
    assert unknown == set()
    assert {1, 3, 5, 4624, 4688, 4689, 4697, 5140, 5145, 5156, 7045} <= set(ours)
