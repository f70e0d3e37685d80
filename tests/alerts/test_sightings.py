"""However evidence arrives, in parts, late, out of order, twice, the alerts are those of one look at everything."""

from __future__ import annotations

import random
import zipfile
from dataclasses import replace

import pytest
from tests.acceptance import captures

import tiercel
from tiercel.alerts import AlertStore, State
from tiercel.alerts.sightings import fuller, heirs, united
from tiercel.findings import merge, unite

from .found import NOON, at, finding


@pytest.fixture
def empty(sqlite_url):
    with AlertStore.open(sqlite_url) as store:
        yield store


def ids(alerts):
    return sorted(alert.fingerprint for alert in alerts)


def attack(number):
    """The findings of several rules about one attack, some with less than the others."""
    chance = random.Random(number)  # noqa: S311  it guards nothing
    device, peer = f"ws{chance.randrange(3)}", f"10.0.0.{chance.randrange(3)}"
    second = chance.randrange(0, 40_000)
    child = (chance.choice(["cmd.exe", "excel.exe"]), 5000 + number)
    whole = finding(second, device=device, peer=peer, child=child)
    told = [whole, finding(second, device=device, peer=peer, rule="rpc-chain-scm", child=child)]
    if chance.random() < 0.5:
        told.append(finding(second + 30, device=device, peer=peer, family="dcom", server=("excel.exe", 900 + number)))
    if chance.random() < 0.5:
        told.append(
            finding(second - 40, device=device, peer=peer, rule="session", family="session", server=None, child=child)
        )
    if chance.random() < 0.3:
        told.append(finding(second + 500, device=device, peer=f"10.9.0.{number}", child=child, rule="other"))
    return told


@pytest.mark.parametrize("seed", range(12))
def test_findings_one_by_one_in_any_order_end_in_the_alerts_of_one_hunt(empty, seed):
    chance = random.Random(seed)  # noqa: S311  it guards nothing
    several = [each for number in range(8) for each in attack(seed * 100 + number)]
    expected = sorted({each.id for each in merge(unite(several))})
    looks = [[each] for each in several] + [[each] for each in chance.sample(several, 5)]
    chance.shuffle(looks)
    for look in looks:
        empty.record(look, at=NOON)
    assert ids(empty.alerts()) == expected


@pytest.mark.parametrize("seed", range(4))
def test_rules_apart_or_together_end_in_the_same_alerts(empty, seed):
    several = [each for number in range(8) for each in attack(seed * 100 + number)]
    rules = sorted({each.rule_id for each in several})
    for rule in reversed(rules):
        empty.record([each for each in several if each.rule_id == rule], at=NOON)
    assert ids(empty.alerts()) == sorted({each.id for each in merge(unite(several))})


def test_a_child_that_arrives_later_updates_the_alert(empty):
    (first,) = empty.record([finding()], at=NOON).new
    recorded = empty.record([finding(child=("cmd.exe", 9028))], at=at(300))
    assert ([each.id for each in recorded.updated], recorded.new) == ([first.id], ())
    (alert,) = empty.alerts()
    assert alert.finding.child.name == "cmd.exe"
    assert ids([alert]) == [merge([finding(child=("cmd.exe", 9028))])[0].id]
    assert alert.finding.rows == 1, "what was seen in part is not told twice"


def test_a_child_that_arrives_later_updates_the_alert_of_a_rule_without_a_family(empty):
    part = finding(family=None, techniques=(), rule="mine")
    whole = finding(family=None, techniques=(), rule="mine", child=("cmd.exe", 9028))
    (first,) = empty.record([part], at=NOON).new
    recorded = empty.record([whole], at=at(300))
    assert (recorded.new, recorded.merged, [each.id for each in recorded.updated]) == ((), (), [first.id])
    # The other way round: a window in which the child no longer lies.
    assert [each.id for each in empty.record([part], at=at(600)).seen] == [first.id]


def test_the_connection_that_arrives_later_changes_nothing_of_the_identity(empty):
    whole = finding(child=("cmd.exe", 9028), family=None, techniques=(), rule="mine")
    late = replace(whole, evidence=whole.evidence[1:], first_time=whole.evidence[1].time)
    empty.record([late], at=NOON)
    empty.record([whole], at=at(60))
    (alert,) = empty.alerts()
    assert alert.finding.evidence == whole.evidence


def test_two_children_of_one_connection_are_two_attacks_of_a_rule_without_a_family(empty):
    several = [finding(family=None, techniques=(), rule="mine", child=("cmd.exe", pid)) for pid in (1, 2)]
    part = finding(family=None, techniques=(), rule="mine")
    for each in [part, *several]:
        empty.record([each], at=NOON)
    assert ids(empty.alerts()) == sorted(each.id for each in merge(several))


def test_an_event_that_is_stored_twice_is_one_step(empty):
    empty.record([finding(child=("cmd.exe", 9028))], at=NOON)
    empty.record([finding(child=("cmd.exe", 9028), source="copy.jsonl")], at=NOON)
    (alert,) = empty.alerts()
    assert [step.source.split("#")[0] for step in alert.finding.evidence] == ["a.jsonl", "a.jsonl"]


def test_seen_again_days_later_it_is_the_same_alert(empty):
    empty.record([finding(0)], at=NOON)
    empty.record([finding(86_400 * 9)], at=at(86_400 * 9))
    (alert,) = empty.alerts()
    assert (alert.seen, alert.finding.first_time, alert.finding.last_time) == (2, at(0), at(86_400 * 9))


@pytest.mark.parametrize("field", ["pid", "start", "name"])
def test_what_contradicts_is_not_taken_for_the_same(field):
    part, whole = finding(), finding(child=("cmd.exe", 1))
    other = {"pid": 9, "start": NOON, "name": "other.exe"}[field]
    part = replace(part, server=replace(part.server, **{field: other}))
    assert heirs({part.id: part, whole.id: whole}, {whole.id}, {part.id}) == {}


def test_what_one_look_finds_side_by_side_stays_so():
    part, whole = finding(), finding(child=("cmd.exe", 1))
    both = {part.id: part, whole.id: whole}
    assert heirs(both, {whole.id}, {part.id}) == {part.id: whole.id}
    assert heirs(both, {part.id}, {whole.id}) == {part.id: whole.id}
    assert heirs(both, {whole.id, part.id}, {}) == {}
    assert heirs(both, {part.id}, {whole.id, part.id}) == {}


def test_an_heir_may_have_an_heir():
    part, whole = finding(), finding(child=("cmd.exe", 1))
    more = replace(whole, child=replace(whole.child, start=None))
    several = {"a": replace(part, id="a"), "b": replace(more, id="b"), "c": replace(whole, id="c")}
    assert heirs(several, {"a", "c"}, {"b"}) == {"a": "c", "b": "c"}


def test_fuller_keeps_every_step_once_and_the_order_of_looks_does_not_matter():
    whole = finding(child=("cmd.exe", 1))
    parts = [replace(whole, evidence=(step,), first_time=step.time, last_time=step.time) for step in whole.evidence]
    for order in (parts, parts[::-1]):
        (one,) = united(order).values()
        assert (one.evidence, one.first_time, one.last_time) == (whole.evidence, whole.first_time, whole.last_time)
    assert fuller(whole, whole) == whole


@pytest.mark.parametrize("seed", range(6))
def test_looks_that_keep_account_may_take_findings_back_and_end_as_one_hunt(empty, seed):
    """`gone` in any order, with alerts withdrawn, joined and found again on the way."""
    chance = random.Random(seed)  # noqa: S311  it guards nothing
    several = {each.id: each for number in range(6) for each in attack(seed * 100 + number)}
    live = {}
    for _ in range(40):
        name = chance.choice(sorted(several))
        if name in live and chance.random() < 0.6:
            del live[name]
            empty.record([], at=NOON, gone=[name])
        else:
            live[name] = several[name]
            empty.record([several[name]], at=NOON, gone=())
        assert ids(empty.alerts()) == sorted({each.id for each in merge(live.values())})
    assert all(alert.state is State.NEW for alert in empty.alerts())


@pytest.mark.parametrize("name", ["otrf-other-schtask-create", "otrf-dcom-excel4macro-allowed"])
def test_a_fingerprint_is_the_same_on_another_machine_in_another_order(real_data, tmp_path, name):
    """The capture's lines shuffled, in two files of other names, give the same fingerprints."""
    capture = next(each for each in captures(real_data) if each.id == name)
    with zipfile.ZipFile(capture.path) as archive:
        lines = [line for member in archive.namelist() for line in archive.read(member).splitlines()]
    random.Random(1).shuffle(lines)  # noqa: S311  it guards nothing
    (tmp_path / "b.log").write_bytes(b"\n".join(lines[::2]) + b"\n")
    (tmp_path / "a.log").write_bytes(b"\n".join(lines[1::2]) + b"\n")
    here, there = (tiercel.hunt(path, attribution=False) for path in (capture.path, tmp_path))
    assert here.findings
    assert {each.id for each in here.findings} == {each.id for each in there.findings}
