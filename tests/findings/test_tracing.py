"""Paths from findings: order, ties, and shapes that a movement could be drawn into to break them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tiercel.findings import Attribution, Caller, Finding, Logon, Process, TreeProcess, trace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def hop(
    source: str,
    target: str,
    minute: float,
    account: str | None = None,
    *,
    started: str = "",
    calling: str = "",
    attributed: bool = True,
    family: str = "dcom",
) -> Finding:
    """A movement from host to host: `started` is the process that it leaves there, `calling` what it comes from."""
    time = NOON + timedelta(minutes=minute)
    tree = (TreeProcess(0, "child", started, 8, None, time, None),) if started else ()
    above = (TreeProcess(0, "caller", calling, 8, None, None, None),) if calling else ()
    attribution = Attribution(
        sentence="",
        caller=Caller(f"ip-{source}", f"{source}.corp", f"id-{source}", "mirror"),
        logon=Logon(time, "", account, 7, "NTLM", None, None, None, "port") if account else None,
        tree=tree,
        caller_tree=above,
    )
    return Finding(
        id=f"{source}{target}{minute}", rule_id="r", title="t", techniques=("T1021.003",), tactics=(), severity="high",
        confidence="high", summary="", device=f"{target}.corp", device_id=f"id-{target}", peer_ip=f"ip-{source}",
        peer_name=None, account=account, first_time=time, last_time=time, server=Process("mmc.exe"), child=None,
        evidence=(), family=family, attribution=attribution if attributed else None,
    )  # fmt: skip


def drawn(*findings: Finding) -> list[list[tuple[str, str, int | None, str]]]:
    return [
        [
            ((each.source or "").partition(".")[0], each.target.partition(".")[0], each.after, each.tied_by)
            for each in path.hops
        ]
        for path in trace(findings)
    ]


def test_a_chain_is_one_path_however_the_findings_come() -> None:
    chain = [hop("c", "d", 20, "eve"), hop("a", "b", 0, "eve"), hop("b", "c", 10, "CORP\\eve")]
    (path,) = trace(chain)
    assert [each.number for each in path.hops] == [1, 2, 3]
    assert drawn(*chain) == [[("a", "b", None, ""), ("b", "c", 1, "host"), ("c", "d", 2, "host")]]
    assert (path.entry, path.reach, path.depth) == ("a.corp", ("b.corp", "c.corp", "d.corp"), 3)


def test_accounts_are_one_however_their_domain_is_written() -> None:
    (path,) = trace([hop("a", "b", 0, "corp.example.com\\Eve"), hop("b", "c", 10, "CORP\\eve")])
    assert path.accounts == ("corp.example.com\\Eve",)
    assert path.hops[1].tied_by == "account"


def test_what_was_reached_later_led_nowhere_before() -> None:
    assert drawn(hop("b", "c", 0), hop("a", "b", 10)) == [[("b", "c", None, "")], [("a", "b", None, "")]]


def test_a_ring_has_an_end() -> None:
    ring = [hop("a", "b", 0), hop("b", "c", 10), hop("c", "a", 20), hop("a", "b", 100), hop("b", "a", 110)]
    (path,) = trace(ring)
    assert [each.after for each in path.hops] == [None, 1, 2, 3, 4]
    assert path.depth == 5
    assert path.reach == ("b.corp", "c.corp", "a.corp")


def test_two_hosts_that_call_each_other_at_the_same_moment_are_no_ring() -> None:
    (path,) = trace([hop("a", "b", 0), hop("b", "a", 0)])
    assert [each.after for each in path.hops] == [None, 1]
    assert path.entry == path.hops[0].source


def test_a_host_reached_twice_goes_on_from_the_later_visit() -> None:
    found = drawn(hop("a", "c", 0), hop("b", "c", 10), hop("c", "d", 20))
    assert found == [[("b", "c", None, ""), ("c", "d", 1, "host")], [("a", "c", None, "")]]


def test_two_attackers_who_cross_on_one_host_stay_apart_by_account() -> None:
    found = drawn(
        hop("a", "m", 0, "eve"), hop("b", "m", 1, "mallory"), hop("m", "x", 2, "mallory"), hop("m", "y", 3, "eve")
    )
    assert found == [
        [("a", "m", None, ""), ("m", "y", 1, "account")],
        [("b", "m", None, ""), ("m", "x", 1, "account")],
    ]


def test_the_process_tells_more_than_account_and_time() -> None:
    found = drawn(
        hop("a", "m", 0, "eve", started="one.exe"),
        hop("b", "m", 5, "mallory", started="two.exe"),
        hop("m", "x", 10, "mallory", calling="one.exe"),
    )
    assert found[0] == [("a", "m", None, ""), ("m", "x", 1, "process")]


def test_several_findings_of_one_visit_are_one_hop() -> None:
    (path,) = trace([hop("a", "b", 0, "eve"), hop("a", "b", 30, "eve", family="scm"), hop("a", "b", 200, "eve")])
    assert [len(each.findings) for each in path.hops] == [2, 1]


def test_one_entry_that_fans_out_is_one_path() -> None:
    found = drawn(hop("a", "b", 0), hop("a", "c", 5), hop("c", "d", 9))
    assert found == [[("a", "b", None, ""), ("a", "c", None, ""), ("c", "d", 2, "host")]]
    (path,) = trace([hop("a", "b", 0), hop("a", "c", 5), hop("c", "d", 9)])
    assert [each.number for each in path.longest] == [2, 3]
    assert path.depth == 2


def test_without_attribution_addresses_are_known_from_other_findings_only() -> None:
    known = [hop("a", "b", 0), hop("b", "c", 10)]
    assert drawn(*known, hop("b", "d", 20, attributed=False))[0][-1] == ("ip-b", "d", 1, "host")
    assert len(trace([hop("a", "b", 0, attributed=False), hop("b", "c", 10, attributed=False)])) == 2


def test_a_month_later_only_the_process_ties() -> None:
    month = 30 * 24 * 60
    assert len(trace([hop("a", "b", 0, "eve"), hop("b", "c", month, "eve")])) == 2
    (path,) = trace([hop("a", "b", 0, started="i.exe"), hop("b", "c", month, calling="i.exe")])
    assert path.hops[1].tied_by == "process"


def test_five_hundred_hops_in_a_row() -> None:
    (path,) = trace([hop(f"h{number}", f"h{number + 1}", number) for number in range(500)])
    assert path.depth == 500


def test_nothing_gives_nothing() -> None:
    assert trace([]) == ()
