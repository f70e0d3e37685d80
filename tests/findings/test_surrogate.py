"""A surrogate's application is told from its command line, and nothing else is taken for one."""

from __future__ import annotations

import csv
import re
from importlib import resources

import pytest

from tiercel.findings.surrogate import hosted

CMSTPLUA = "3E5FC7F9-9A51-4367-9063-A120244FBEC7"
UNKNOWN = "00000000-0000-0000-0000-00000000000A"


@pytest.mark.parametrize(
    ("name", "command_line", "told"),
    [
        ("dllhost.exe", f"DllHost.exe /Processid:{{{CMSTPLUA}}}", f"AppID {{{CMSTPLUA}}}, CMSTPLUA"),
        ("DLLHOST.EXE", f"dllhost /PROCESSID:{CMSTPLUA.lower()}", f"AppID {{{CMSTPLUA}}}, CMSTPLUA"),
        ("dllhost.exe", f"dllhost.exe /Processid:{{{UNKNOWN}}}", f"AppID {{{UNKNOWN}}}"),
        ("dllhost.exe", "dllhost.exe /Processid:{3E5FC7F9}", None),
        ("dllhost.exe", None, None),
        ("cmd.exe", f"cmd.exe /c rem /Processid:{{{CMSTPLUA}}}", None),
        (None, f"/Processid:{{{CMSTPLUA}}}", None),
    ],
)
def test_the_application(name, command_line, told):
    assert hosted(name, command_line) == told


def test_every_name_has_its_source():
    text = (resources.files("tiercel.findings") / "app_ids.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["app_id"] for row in rows] == sorted({row["app_id"] for row in rows})
    for row in rows:
        assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", row["app_id"])
        assert row["name"]
        assert row["source"]
        assert None not in row
