"""Defender's functions that are answered from the own tables, on small ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plan.conftest import Desk

NETWORK = [("Timestamp", "datetime"), ("DeviceId", "string"), ("DeviceName", "string"), ("LocalIP", "string")]
NETWORK += [("RemoteIP", "string")]
ADAPTERS = [("Timestamp", "datetime"), ("DeviceId", "string"), ("DeviceName", "string"), ("IPAddresses", "string")]
ADAPTERS += [("NetworkAdapterType", "string"), ("ConnectedNetworks", "string")]


@pytest.fixture
def own(desk: Desk) -> Desk:
    desk.add(
        "DeviceNetworkEvents",
        NETWORK,
        [
            ["2026-07-14T09:00:00", "d1", "one.example", "10.0.0.1", "10.0.0.2"],
            ["2026-07-14T11:00:00", "d3", "three.example", "10.0.0.1", "10.0.0.9"],
            ["2026-07-14T10:00:00", "d1", "one.example", "127.0.0.1", "127.0.0.1"],
            ["2026-07-14T10:00:00", "d1", "one.example", "239.255.255.250", "10.0.0.2"],
        ],
    )
    held = '[{"IPAddress": "10.0.0.2", "SubnetPrefix": 24}, {"IPAddress": "fe80::1"}]'
    desk.add("DeviceNetworkInfo", ADAPTERS, [["2026-07-14T08:00:00", "d2", "two.example", held, "Ethernet", "[]"]])
    return desk


def ask(desk: Desk, text: str) -> list[list[object]]:
    answer = desk.ask(text)
    assert answer.columns, answer.issues
    assert [issue.code for issue in answer.issues] == ["kql-local-data"]
    return sorted(answer.rows)


def test_an_address_is_that_of_the_device_that_had_it_last(own: Desk) -> None:
    addresses = 'datatable(IP:string) ["10.0.0.1", "10.0.0.2", "127.0.0.1", "239.255.255.250", "10.0.0.7"]'
    assert ask(own, f"{addresses} | invoke DeviceFromIP()") == [["10.0.0.1", "d3"], ["10.0.0.2", "d2"]]


def test_the_device_that_had_it_at_a_time(own: Desk) -> None:
    text = 'datatable(A:string) ["10.0.0.1"] | invoke DeviceFromIP(A, datetime(2026-07-14 10:00))'
    assert ask(own, text) == [["10.0.0.1", "d1"]]


def test_the_addresses_of_a_device(own: Desk) -> None:
    text = 'AssignedIPAddresses("TWO.example") | project IPAddress, IPType, NetworkAdapterType'
    assert ask(own, text) == [["10.0.0.2", "Private", "Ethernet"], ["fe80::1", "Private", "Ethernet"]]
    assert ask(own, 'AssignedIPAddresses("d2", datetime(2020-01-01))') == []


def test_the_devices_that_talked_to_one(own: Desk) -> None:
    assert ask(own, 'datatable(DeviceId:string) ["d2"] | invoke SeenBy()') == [["d1"]]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('datatable(A:string) ["10.0.0.1"] | invoke DeviceFromIP()', "kql-unknown-column"),
        ('datatable(IP:string) ["10.0.0.1"] | invoke DeviceFromIP("IP")', "kql-argument-type"),
        ('datatable(IP:string) ["10.0.0.1"] | invoke DeviceFromIP(IP, "soon")', "kql-argument-type"),
        ("AssignedIPAddresses()", "kql-argument-count"),
        ("AssignedIPAddresses(5)", "kql-argument-type"),
    ],
)
def test_what_is_refused(own: Desk, text: str, code: str) -> None:
    assert [issue.code for issue in own.ask(text).issues] == [code]


def test_sentinels_columns_of_defenders_tables(desk: Desk) -> None:
    desk.add("DeviceEvents", [("Timestamp", "datetime"), ("DeviceId", "string")], [["2026-07-14T09:00:00", "d1"]])
    answer = desk.ask("DeviceEvents | where TimeGenerated > ago(1d) | project TimeGenerated, Type, TenantId, DeviceId")
    assert [list(map(str, row)) for row in answer.rows] == [["2026-07-14T09:00:00Z", "DeviceEvents", "", "d1"]]
    assert desk.ask("DeviceEvents | getschema | count").rows == [[2]]
