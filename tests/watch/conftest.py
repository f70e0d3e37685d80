"""A small attack that comes in piece by piece, a rule that finds it, and a watcher of both."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from tests.streaming import RULE, write_attack

from tiercel.alerts import AlertStore
from tiercel.rules import read_rule
from tiercel.watch.sources import FolderSource
from tiercel.watch.watcher import Options, Watcher

NOW = datetime(2026, 7, 14, 9, 20)

QUERY = """DeviceNetworkEvents
| where ingestion_time() >= ago(1h) and ActionType == "InboundConnectionAccepted"
| project ConnectionTime = Timestamp, DeviceId, DeviceName, RemoteIP, InitiatingProcessId
| join kind=leftouter (DeviceProcessEvents | where ActionType == "ProcessCreated"
    | project ChildTime = Timestamp, DeviceId, InitiatingProcessId, FileName, ProcessId)
    on DeviceId, InitiatingProcessId
| where isnull(ChildTime) or ChildTime - ConnectionTime between (0s .. 10s)
| extend Family = "scm", Strength = iff(isnull(ChildTime), "access", "execution")"""


def rule(name="from-afar", query=QUERY):
    return read_rule(RULE.format(name=name, query=query), f"{name}.md").rule


class House:
    """A landing folder, a lake and a store."""

    def __init__(self, root, where=None):
        self.landing, self.lake, self.where = root / "landing", root / "lake", where or root / "alerts.db"
        self.landing.mkdir()
        write_attack(root / "attack.json")
        self.connection, self.child = (root / "attack.json").read_text().splitlines(keepends=True)
        self.store = AlertStore.open(self.where)
        self.watchers = []

    def lands(self, *lines, name="log.json"):
        with (self.landing / name).open("a") as file:
            file.writelines(lines)

    def watcher(self, *rules, tell=None, sources=None, **options):
        chosen = Options(**{"patience": None, "workers": 1, "lease": timedelta(0), **options})
        watcher = Watcher(
            self.lake,
            rules or [rule()],
            self.store,
            sources=[FolderSource(self.landing)] if sources is None else sources,
            options=chosen,
            tell=tell,
        )
        self.watchers.append(watcher)
        return watcher

    def close(self):
        for watcher in self.watchers:
            watcher.close()
        self.store.close()

    def alerts(self):
        """Each alert's strength and how far it was told to go, newest last."""
        found = sorted(self.store.alerts(), key=lambda alert: alert.id)
        return [(alert.id, alert.finding.strength, str(alert.state)) for alert in found]


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.close()


def at(line, **properties):
    """The record with other values in some of its properties."""
    values = json.loads(line)
    values["properties"] |= properties
    return json.dumps(values) + "\n"
