"""One watch into stores of both kinds: the same alerts, with the same history and the same messages."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from tests.watch.conftest import NOW, House, at

from tiercel.alerts.tables import outbox


def watched(root, url):
    """What a watch of pieces, repeats and a late row told the store, but for what is made of chance."""
    root.mkdir()
    house = House(root, url)
    try:
        watcher = house.watcher()
        moved = {"DeviceId": "d2", "DeviceName": "ws2", "ReportId": 70}
        steps = [
            [house.connection],
            [house.child, house.connection],
            [at(house.child, **moved)],
            [at(house.connection, **{**moved, "ReportId": 71})],
        ]
        for number, lines in enumerate(steps):
            house.lands(*lines)
            watcher.step(NOW + number * timedelta(minutes=5))
        alerts = [(each.id, each.fingerprint, str(each.state), each.finding.strength) for each in house.store.alerts()]
        changes = [
            (number, change.at, change.action, change.before, change.after)
            for number, *_ in sorted(alerts)
            for change in house.store.history(number)
        ]
        with house.store.database.reading() as connection:
            told = sa.select(outbox.c.alert_id, outbox.c.kind, outbox.c.device_key, outbox.c.at).order_by(outbox.c.id)
            return alerts, changes, [tuple(row) for row in connection.execute(told)]
    finally:
        house.close()


def test_a_watch_gives_the_same_in_sqlite_and_in_postgresql(tmp_path, sqlite_url, postgres_url):
    files = watched(tmp_path / "sqlite", sqlite_url)
    assert [(strength, state) for _, _, state, strength in files[0]] == [("execution", "new")] * 2
    assert [kind for _, kind, *_ in files[2]] == ["alert.new", "alert.updated", "alert.new"]
    assert watched(tmp_path / "postgres", postgres_url) == files
