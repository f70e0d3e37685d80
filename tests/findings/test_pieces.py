"""Findings in pieces: whatever order and windows they come in, they unite to what one look at everything gives."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tiercel.findings import Finding, Process, Step, merge, merge_groups, unite

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def piece(minute, identity="a", rule="r", child=None):
    time = NOON + timedelta(minutes=minute)
    return Finding(
        id=identity,
        rule_id=rule,
        title=f"seen at {minute}",
        techniques=("T1021.003",),
        tactics=(),
        severity="medium",
        confidence="medium",
        summary=f"at {minute}",
        device="ws1",
        device_id="d1",
        peer_ip="10.0.0.5",
        peer_name=None,
        account=None,
        first_time=time,
        last_time=time,
        server=Process("mmc.exe", 7),
        child=child,
        evidence=(Step("call", time, "", "connection"),),
        columns={"CallTime": minute},
        rules=(rule,),
    )


def test_pieces_of_one_identity_are_one_finding_that_the_earliest_speaks_for():
    pieces = [piece(minute) for minute in (30, 0, 500)]
    (whole,) = unite(pieces)
    assert (whole.summary, whole.rows, len(whole.evidence)) == ("at 0", 3, 3)
    assert (whole.first_time, whole.last_time) == (NOON, NOON + timedelta(minutes=500))
    assert unite((*unite(pieces[:2]), pieces[2])) == (whole,)


def test_the_order_of_pieces_is_of_no_account():
    pieces = [piece(minute, identity) for minute in range(40) for identity in "abc"]
    pieces += [replace(piece(3, "a"), columns={"CallTime": 3, "RemotePort": port}) for port in (9, 1)]
    told = unite(pieces)
    for seed in range(20):
        random.Random(seed).shuffle(pieces)  # noqa: S311  orders to try
        assert unite(pieces) == told


def test_two_rules_that_give_one_identity_are_two_findings():
    assert [each.rule_id for each in unite([piece(0), piece(0, rule="s")])] == ["r", "s"]


def test_groups_say_what_a_merged_finding_is_made_of():
    several = [piece(0), piece(5, "b", "s", Process("cmd.exe", 8, start=NOON)), piece(300, "c")]
    groups = merge_groups(several)
    assert [merged for merged, _ in groups] == list(merge(several))
    assert [{each.id for each in members} for _, members in groups] == [{"a", "b"}, {"c"}]
