"""An intrusion over three hops, simulated and hunted: one path, its hops in order, its accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tiercel.errors import UsageError
from tiercel.hunt import hunt
from tiercel.simulate import INTRUSIONS, simulate

if TYPE_CHECKING:
    from pathlib import Path


def test_three_hops_are_one_path(tmp_path: Path) -> None:
    written = simulate(tmp_path / "fleet", hosts=12, seed=5, attacks=["intrusion"])
    truth = written.attacks
    assert [each["target"]["device"] for each in truth[:-1]] == [each["source"]["device"] for each in truth[1:]]
    (path,) = hunt(tmp_path / "fleet").paths
    assert [(hop.source, hop.target) for hop in path.hops] == [
        (each["source"]["device"].lower(), each["target"]["device"].lower()) for each in truth
    ]
    assert [hop.after for hop in path.hops] == [None, 1, 2]
    assert [hop.tied_by for hop in path.hops] == ["", "process", "process"]
    assert [(hop.account or "").lower() for hop in path.hops] == [each["account"].lower() for each in truth]
    assert [account.lower() for account in path.accounts] == list(
        dict.fromkeys(each["account"].lower() for each in truth)
    )
    assert path.entry == truth[0]["source"]["device"].lower()
    assert path.reach == tuple(each["target"]["device"].lower() for each in truth)
    assert (path.depth, len(path.findings)) == (3, 3)


def test_an_intrusion_needs_a_host_for_each_hop(tmp_path: Path) -> None:
    hops = len(INTRUSIONS["intrusion"].scenarios)
    with pytest.raises(UsageError, match=f"no {hops + 1} left for intrusion; ask for more --hosts"):
        simulate(tmp_path, hosts=4, attacks=["intrusion"])
