"""A watch's ledger, in stores of both kinds: a look replaces what was found there, and says so to the alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tiercel.alerts import AlertStore, State, Wanted
from tiercel.findings import Finding, Process, Step, merge, unite
from tiercel.watch.ledger import Found, LeaseLostError, Ledger, Progress
from tiercel.watch.windows import Span

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def piece(minute=0, *, identity="a", child=None, peer="10.0.0.5", device="d1", text="x"):
    time = NOON + timedelta(minutes=minute)
    return Finding(
        id=identity, rule_id="r", title="t", techniques=("T1021.003",), tactics=(), severity="medium",
        confidence="medium", summary=f"at {minute}", device=device, device_id=device, peer_ip=peer, peer_name=None,
        account=None, first_time=time, last_time=time, server=Process("mmc.exe", 7), child=child,
        evidence=(Step("call", time, text, "connection"),), columns={"CallTime": minute}, rules=("r",), family="dcom",
    )  # fmt: skip


def look(*pieces, begin=-60, end=60, is_partial=False):
    minutes = [NOON.replace(tzinfo=None) + timedelta(minutes=minute) for minute in (begin, end)]
    return {"r": [Found(Span(*minutes), pieces, is_partial)]}


@pytest.fixture
def ledger(store):
    return Ledger(store, "/lake", lease=HOUR, holder="me")


def ids(store):
    return sorted(alert.fingerprint for alert in store.alerts())


def told(*pieces):
    return sorted(finding.id for finding in merge(unite(pieces)))


CHILD = Process("cmd.exe", 9, start=NOON)


def test_a_later_look_replaces_an_earlier_one_and_the_alert_stays_the_same(ledger, store):
    (raised,) = ledger.record(look(piece()), {}, at=NOON).new
    whole = piece(identity="b", child=CHILD)
    recorded = ledger.record(look(whole), {"r": Progress(3, NOON.replace(tzinfo=None))}, at=NOON + HOUR)
    assert (recorded.new, [alert.id for alert in recorded.updated]) == ((), [raised.id])
    assert ids(store) == told(whole)
    assert ledger.progress() == {"r": Progress(3, NOON.replace(tzinfo=None))}


def test_the_same_look_again_changes_nothing(ledger, store):
    ledger.record(look(piece(), piece(5, identity="b")), {}, at=NOON)
    again = ledger.record(look(piece(5, identity="b"), piece()), {}, at=NOON + HOUR)
    assert (again.new, again.updated, again.seen) == ((), (), ())
    assert len(store.alerts()) == 1


def test_what_a_later_look_does_not_find_is_withdrawn_but_not_by_one_elsewhere_or_in_part(ledger, store):
    ledger.record(look(piece()), {}, at=NOON)
    ledger.record(look(begin=60, end=120), {}, at=NOON)
    ledger.record(look(is_partial=True), {}, at=NOON)
    assert ids(store) == told(piece())
    ledger.record(look(), {}, at=NOON)
    assert ids(store) == []
    (alert,) = store.alerts(Wanted(states=(State.WITHDRAWN,)))
    assert alert.finding.id == told(piece())[0]


def test_pieces_of_one_identity_from_looks_days_apart_unite(ledger, store):
    early, late = piece(0), piece(3 * 1440)
    ledger.record(look(late, begin=3 * 1440 - 60, end=3 * 1440 + 60), {}, at=NOON)
    ledger.record(look(early), {}, at=NOON)
    (alert,) = store.alerts()
    (whole,) = merge(unite([early, late]))
    assert (alert.fingerprint, alert.finding.first_time, alert.finding.last_time) == (
        whole.id, whole.first_time, whole.last_time,
    )  # fmt: skip


def test_a_piece_without_a_time_is_added_once(ledger, store):
    timeless = replace(piece(), first_time=None, last_time=None, evidence=(), child=CHILD)
    for _ in range(2):
        ledger.record(look(timeless), {}, at=NOON)
    assert len(store.alerts()) == 1


def test_contents_that_no_database_takes_are_kept_as_far_as_they_go(ledger, store):
    hostile = piece(text="a\x00b\ud800c'; DROP TABLE watch_piece; --")
    ledger.record(look(hostile), {}, at=NOON)
    ledger.record(look(hostile), {}, at=NOON)
    (alert,) = store.alerts()
    assert alert.finding.evidence[0].text == "a\ufffdb\ufffdc'; DROP TABLE watch_piece; --"


def test_old_pieces_are_forgotten_and_their_alerts_stay(ledger, store):
    ledger.record(look(piece()), {}, at=NOON)
    assert ledger.forget(NOON - HOUR) == 0
    assert ledger.forget(NOON + HOUR) == 1
    assert len(store.alerts()) == 1


def test_one_holds_the_lease_and_who_lost_it_records_nothing(url, store, ledger):
    assert ledger.acquire(NOON) is None
    with AlertStore.open(url) as other_store:
        other = Ledger(other_store, "/lake", lease=HOUR, holder="other")
        assert other.acquire(NOON + HOUR / 2) == "me"
        assert other.acquire(NOON + 2 * HOUR) is None
        with pytest.raises(LeaseLostError, match="other has taken over"):
            ledger.record(look(piece()), {}, at=NOON)
        assert store.alerts() == []
        other.release()
    assert ledger.acquire(NOON + 2 * HOUR) is None
    assert len(ledger.record(look(piece()), {}, at=NOON).new) == 1


def test_two_lakes_in_one_store_keep_apart(store, ledger):
    second = Ledger(store, "/other", lease=HOUR, holder="me")
    ledger.record(look(piece()), {"r": Progress(3)}, at=NOON)
    second.record(look(piece(identity="b", device="d2")), {"r": Progress(5)}, at=NOON)
    second.record(look(), {}, at=NOON)
    assert ids(store) == told(piece())
    assert ledger.progress()["r"].version == 3
