"""One event in every wrapping of shippers and products becomes the same row; what is broken in it stays harmless."""

from __future__ import annotations

import json
from typing import Any

import pytest

PROCESS = {
    "UtcTime": "2021-03-04 10:00:01.250",
    "ProcessGuid": "{0b9a1c2d-3e4f-6040-0100-000000001000}",
    "ProcessId": "4242",
    "Image": "C:\\Windows\\System32\\cmd.exe",
    "CommandLine": 'cmd.exe /c echo "<a> & b" > c:\\ü.txt',
    "User": "EXAMPLE\\ann",
    "LogonId": "0x1234",
    "ParentProcessGuid": "{0b9a1c2d-3e4f-6040-0200-000000001000}",
    "ParentProcessId": "700",
    "ParentImage": "C:\\Windows\\System32\\services.exe",
    "ParentCommandLine": "C:\\Windows\\system32\\services.exe",
}
CHANNEL = "Microsoft-Windows-Sysmon/Operational"
TIME = "2021-03-04T10:00:01.5Z"
MESSAGE = "Process Create:\r\n" + "\r\n".join(f"{name}: {value}" for name, value in PROCESS.items())
XML = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Microsoft-Windows-Sysmon' Guid='{5770385f-c22a-43e0-bf4c-06f5698ffbd9}'/><EventID>1</EventID>"
    f"<TimeCreated SystemTime='{TIME}'/><EventRecordID>7</EventRecordID><Channel>{CHANNEL}</Channel>"
    "<Computer>ws1.example.org</Computer><Security UserID='S-1-5-18'/></System><EventData>"
    + "".join(
        f"<Data Name='{name}'>{value.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}</Data>"
        for name, value in PROCESS.items()
    )
    + "</EventData></Event>"
)
DATA_XML = XML[XML.index("<EventData>") : XML.index("</Event>")]
CREATED = {"#attributes": {"SystemTime": TIME}}
SYSTEM = {"Channel": CHANNEL, "Computer": "ws1.example.org", "EventRecordID": 7}
WINLOG = {"event_id": 1, "channel": CHANNEL, "computer_name": "ws1.example.org", "record_id": 7}
LISTED = [{"#attributes": {"Name": name}, "#text": value} for name, value in PROCESS.items()]
AT_SIGNS = [{"@Name": name, "#text": value} for name, value in PROCESS.items()]


def small(name: str) -> str:
    return name[0].lower() + name[1:]


WAZUH = {
    "system": {
        "eventID": "1",
        "channel": CHANNEL,
        "computer": "ws1.example.org",
        "systemTime": TIME,
        "eventRecordID": "7",
    },
    "eventdata": {small(name): value for name, value in PROCESS.items()},
}
DOTTED = {
    "@timestamp": TIME,
    **{f"winlog.{name}": value for name, value in WINLOG.items()},
    **{f"winlog.event_data.{name}": value for name, value in PROCESS.items()},
}
UNDERSCORED = {f"winlogbeat_{name.replace('.', '_')}": value for name, value in DOTTED.items() if name[0] != "@"}
SPLUNK = {"_time": TIME, "host": "ws1.example.org", "source": f"XmlWinEventLog:{CHANNEL}", "EventCode": "1", **PROCESS}

WRAPPED: dict[str, Any] = {
    "event log": {"Event": {"System": {**SYSTEM, "EventID": 1, "TimeCreated": CREATED}, "EventData": PROCESS}},
    "list of named data": {
        "Event": {"System": {**SYSTEM, "EventID": 1, "TimeCreated": CREATED}, "EventData": {"Data": LISTED}}
    },
    "at signs": {
        "Event": {
            "System": {**SYSTEM, "EventID": {"#text": "1"}, "TimeCreated": {"@SystemTime": TIME}},
            "EventData": {"Data": AT_SIGNS},
        }
    },
    "velociraptor": {
        "System": {**SYSTEM, "EventID": {"Value": 1}, "TimeCreated": {"SystemTime": 1614852001.5}},
        "EventData": PROCESS,
        "Message": MESSAGE,
    },
    "wazuh": {"agent": {"name": "a"}, "data": {"win": WAZUH}},
    "wazuh in a hit": {"_index": "wazuh-alerts", "_source": {"data": {"win": WAZUH}}},
    "dotted in a hit": {"_index": "x", "_source": DOTTED},
    "nested in a hit": {"_source": {"@timestamp": TIME, "winlog": {**WINLOG, "event_data": PROCESS}}},
    "splunk, raw": {"preview": False, "result": {"_raw": XML, "host": "x"}},
    "splunk, fields": {"preview": False, "result": SPLUNK},
    "splunk, collector": {"time": 1614852001.5, "host": "x", "event": XML},
    "graylog": {"timestamp": TIME, **UNDERSCORED},
    "log analytics": {
        "TimeGenerated": TIME,
        "EventLog": CHANNEL,
        "Computer": "ws1.example.org",
        "EventID": 1,
        "EventData": f"<DataItem>{DATA_XML}</DataItem>",
    },
    "get-winevent": {
        "Id": 1,
        "LogName": CHANNEL,
        "MachineName": "ws1.example.org",
        "TimeCreated": "/Date(1614852001500)/",
        "RecordId": 7,
        "Message": MESSAGE,
    },
}


def seen(result: Any) -> list[Any]:
    return result.rows(
        'SELECT "DeviceName", "Timestamp"::VARCHAR AS time, "FileName", "ProcessId", "ProcessCommandLine",'
        ' "AccountName", "LogonId", "InitiatingProcessFileName", "InitiatingProcessId" FROM "DeviceProcessEvents"'
    )


EXPECTED = {
    "DeviceName": "ws1.example.org",
    "time": "2021-03-04 10:00:01.25",
    "FileName": "cmd.exe",
    "ProcessId": 4242,
    "ProcessCommandLine": PROCESS["CommandLine"],
    "AccountName": "ann",
    "LogonId": 0x1234,
    "InitiatingProcessFileName": "services.exe",
    "InitiatingProcessId": 700,
}


@pytest.mark.parametrize("name", WRAPPED)
def test_json(name, tmp_path, imported):
    (tmp_path / "a.json").write_text(json.dumps(WRAPPED[name]) + "\n", encoding="utf-8")
    (row,) = seen(imported(tmp_path))
    assert row == EXPECTED


@pytest.mark.parametrize("name", ["velociraptor", "splunk, raw"])
def test_an_array_of_them(name, tmp_path, imported):
    value = WRAPPED[name]
    text = json.dumps([value, value], ensure_ascii=False, indent=1)
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    (row, *_) = seen(imported(tmp_path))
    assert row == EXPECTED


@pytest.mark.parametrize(
    "text",
    [
        XML,
        f"{XML}\n{XML}\n".replace("<EventRecordID>7", "<EventRecordID>8", 1),
        f"\ufeff<?xml version='1.0' encoding='utf-8'?>\r\n<Events>\r\n{XML}\r\n</Events>",
    ],
    ids=["one", "lines", "document"],
)
def test_xml(text, tmp_path, imported):
    (tmp_path / "a.xml").write_text(text, encoding="utf-8")
    rows = seen(imported(tmp_path))
    assert rows[0] == EXPECTED
    assert len(rows) == text.count("<EventID>1")


def test_xml_in_utf_16(tmp_path, imported):
    (tmp_path / "a.xml").write_text(XML, encoding="utf-16")
    assert seen(imported(tmp_path)) == [EXPECTED]


@pytest.mark.parametrize(
    "broken",
    [
        "<Event xmlns='x'><System><EventID>1</EventID></System><EventData><Data Name='Image'>cut",
        "<Event><!DOCTYPE a [<!ENTITY b 'c'>]><System/></Event>",
        "<Event><System>&undefined;</System></Event>",
        "<Event/>" + "<Event><a></b></Event>",
        "<Event>" + "<a>" * 100_000 + "</Event>",
    ],
    ids=["cut", "document type", "entity", "not closed", "deep"],
)
def test_broken_xml_is_skipped_and_the_next_event_is_read(broken, tmp_path, imported):
    (tmp_path / "a.xml").write_text(f"{broken}\n{XML}\n", encoding="utf-8")
    result = imported(tmp_path)
    found = seen(result)
    assert found in ([EXPECTED], [])
    assert found or "cut" in broken
    assert result.report.read == result.report.kept + sum(result.report.skipped.values())


@pytest.mark.parametrize(
    "value",
    [
        {"data": {"win": {"system": {"eventID": "1"}, "eventdata": "x"}}},
        {"data": {"win": {"system": {"eventID": {"a": 1}}, "eventdata": {"image": ["x"]}}}},
        {"result": {"_raw": "<Event><System", "EventCode": None}},
        {"_source": {"_source": {"_source": {"_source": {"_source": {"_source": {}}}}}}},
        {"System": {"EventID": {"Value": []}, "TimeCreated": {"SystemTime": 1e300}}, "EventData": []},
        {
            "Event": {
                "System": {"EventID": 1},
                "EventData": {"Data": [None, 1, "x", {"#attributes": None}, {"Name": 5}]},
            }
        },
        {"Id": 1, "LogName": None, "MachineName": [], "TimeCreated": "/Date(x)/"},
        {"EventLog": 1, "EventData": "<!DOCTYPE a><EventData/>", "EventID": 1},
        {"winlog_event_id": None, "winlogbeat_winlog_event_data_": 1},
    ],
)
def test_a_hostile_wrapping_stops_nothing(value, tmp_path, imported):
    good = WRAPPED["wazuh"]
    (tmp_path / "a.json").write_text(f"{json.dumps(value)}\n{json.dumps(good)}\n", encoding="utf-8")
    result = imported(tmp_path)
    assert EXPECTED in seen(result)
    assert result.report.read == result.report.kept + sum(result.report.skipped.values())


def test_the_text_of_a_security_event(tmp_path, imported):
    """What PowerShell keeps of a log-on and of a process, as Windows renders them in English."""
    logon = (
        "An account was logged on.\r\n\r\nSubject:\r\n\tSecurity ID:\t\tS-1-0-0\r\n\tAccount Name:\t\t-\r\n"
        "\tLogon ID:\t\t0x0\r\n\r\nLogon Information:\r\n\tLogon Type:\t\t3\r\n\r\nNew Logon:\r\n"
        "\tSecurity ID:\t\tS-1-5-21-1\r\n\tAccount Name:\t\tann\r\n\tAccount Domain:\t\tEXAMPLE\r\n"
        "\tLogon ID:\t\t0x5761AB\r\n\r\nNetwork Information:\r\n\tWorkstation Name:\tWS2\r\n"
        "\tSource Network Address:\t10.0.0.5\r\n\tSource Port:\t\t50001\r\n\r\n"
        "This event is generated when a logon session is created."
    )
    process = (
        "A new process has been created.\r\n\r\nCreator Subject:\r\n\tSecurity ID:\t\tS-1-5-18\r\n"
        "\tLogon ID:\t\t0x3E7\r\n\r\nTarget Subject:\r\n\tSecurity ID:\t\tS-1-5-21-1\r\n\tAccount Name:\t\tann\r\n"
        "\tLogon ID:\t\t0x5761AB\r\n\r\nProcess Information:\r\n\tNew Process ID:\t\t0x1f0\r\n"
        "\tNew Process Name:\tC:\\Windows\\System32\\cmd.exe\r\n\tCreator Process ID:\t0x2bc\r\n"
        "\tCreator Process Name:\tC:\\Windows\\System32\\wbem\\WmiPrvSE.exe\r\n"
        "\tProcess Command Line:\tcmd.exe /c echo Subject: x\r\n"
    )
    head = {"LogName": "Security", "MachineName": "ws1", "TimeCreated": "/Date(1614852001500)/"}
    events = [
        {**head, "Id": 4624, "Message": logon, "RecordId": 1},
        {**head, "Id": 4688, "Message": process, "RecordId": 2},
    ]
    (tmp_path / "a.json").write_text(json.dumps(events), encoding="utf-8")
    result = imported(tmp_path)
    (row,) = result.rows(
        'SELECT "AccountName", "LogonType", "LogonId", "RemoteIP", "RemotePort" FROM "DeviceLogonEvents"'
    )
    assert list(row.values()) == ["ann", "Network", 0x5761AB, "10.0.0.5", 50001]
    (row,) = result.rows(
        'SELECT "FileName", "ProcessId", "ProcessCommandLine", "LogonId", "InitiatingProcessFileName"'
        ' FROM "DeviceProcessEvents"'
    )
    assert list(row.values()) == ["cmd.exe", 0x1F0, "cmd.exe /c echo Subject: x", 0x5761AB, "wmiprvse.exe"]


TEXT = """08/01/2020 07:53:26 AM
LogName=Security
SourceName=Microsoft Windows security auditing.
EventCode=4688
ComputerName=ws1.example.org
RecordNumber=41
Message=A new process has been created.

Creator Subject:
\tSecurity ID:\t\tS-1-5-18
\tLogon ID:\t\t0x3E7

Process Information:
\tNew Process ID:\t\t0x1f0
\tNew Process Name:\tC:\\Windows\\System32\\cmd.exe
\tCreator Process ID:\t0x2bc
\tCreator Process Name:\tC:\\Windows\\System32\\services.exe
\tProcess Command Line:\tcmd.exe /c 08/01/2020 07:53:26 AM

08/01/2020 07:53:26 AM
LogName=Microsoft-Windows-Sysmon/Operational
EventCode=3
ComputerName=ws1.example.org
RecordNumber=42
Message=Network connection detected:
RuleName: -
UtcTime: 2020-08-01 14:53:24.631
ProcessId: 700
Image: C:\\Windows\\System32\\services.exe
Protocol: tcp
Initiated: false
SourceIp: 10.0.0.5
SourcePort: 50001
DestinationIp: 10.0.0.6
DestinationPort: 49700

08/01/2020 07:53:30 AM
LogName=Microsoft-Windows-Sysmon/Operational
EventCode=5
ComputerName=ws1.example.org
RecordNumber=43
Message=Process terminated:
UtcTime: 2020-08-01 14:53:30.100
ProcessGuid: {0b9a1c2d-3e4f-6040-0300-000000001000}
ProcessId: 900
Image: C:\\Windows\\System32\\whoami.exe
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_event_text(end, tmp_path, imported):
    (tmp_path / "a.log").write_bytes(TEXT.replace("\n", end).encode())
    result = imported(tmp_path)
    (row,) = result.rows(
        'SELECT "Timestamp"::VARCHAR AS time, "FileName", "ProcessId", "ProcessCommandLine", "_Source"'
        ' FROM "DeviceProcessEvents"'
    )
    assert list(row.values()) == [
        "2020-08-01 14:53:26",
        "cmd.exe",
        0x1F0,
        "cmd.exe /c 08/01/2020 07:53:26 AM",
        f"{tmp_path / 'a.log'}#1",
    ]
    (row,) = result.rows('SELECT "RemoteIP", "LocalPort", "InitiatingProcessFileName" FROM "DeviceNetworkEvents"')
    assert list(row.values()) == ["10.0.0.5", 49700, "services.exe"]
