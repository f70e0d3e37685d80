"""When a rule is due and how far it reaches: from its document, or from the timespans of its query."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.streaming import RULE

from tiercel.rules import read_catalog, read_rule
from tiercel.watch.schedule import schedule_of

FIVE = timedelta(minutes=5)


def rule(query, more=""):
    return read_rule(RULE.format(name="r", query=query) + more, "r.md").rule


@pytest.mark.parametrize(
    ("query", "reach"),
    [
        ("DeviceEvents | where Timestamp > ago(2h)", timedelta(hours=2)),
        ("let timeframe = 2*1h;\nDeviceEvents | where ingestion_time() > ago(timeframe)", timedelta(hours=3)),
        (
            "DeviceEvents | where Timestamp between (ago(1d) .. 10m) or Timestamp > ago(1d)",
            timedelta(days=1, minutes=10),
        ),
        ("DeviceEvents", timedelta(hours=1)),
        ("DeviceEvents | where Timestamp > ago(1000d)", timedelta(days=60)),
        ("this is | no KQL (", timedelta(hours=1)),
    ],
)
def test_the_reach_is_the_sum_of_the_timespans_that_a_query_names(query, reach):
    schedule = schedule_of(rule(query), FIVE)
    assert schedule.reach == reach
    assert not schedule.is_declared


@pytest.mark.parametrize(
    "more",
    [
        "\n## Schedule\n**Every:** 1h\n**Look-back:** 30m\n",
        "\n## Schedule\nEvery: 1h, lookback: 30m\n",
    ],
)
def test_a_document_says_its_own_schedule(more):
    schedule = schedule_of(rule("DeviceEvents | where Timestamp > ago(9h)", more), FIVE)
    assert (schedule.every, schedule.reach, schedule.is_declared) == (timedelta(hours=1), timedelta(minutes=30), True)


def test_a_rule_is_due_no_more_often_than_the_watcher_steps():
    assert schedule_of(rule("DeviceEvents", "\n## Schedule\n**Every:** 1m\n"), FIVE).every == FIVE


def test_every_shipped_rule_has_a_schedule_of_some_sense():
    schedules = {each.id: schedule_of(each, FIVE) for each in read_catalog().rules}
    assert schedules["service-start-after-reboot"].every > timedelta(hours=2)
    short = {name: one for name, one in schedules.items() if name != "service-start-after-reboot"}
    assert all(timedelta(hours=2) <= one.reach <= timedelta(days=2) for one in short.values())
    assert all(one.every < timedelta(minutes=10) for one in short.values())
