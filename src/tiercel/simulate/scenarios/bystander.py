"""Somebody innocent who calls the target from the attacker's gateway at the same time: a printer and a file share."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.story import AccessShare, Connect, LogOn, Story

BYSTANDER = Scenario(
    name="bystander",
    title="Printing and file sharing",
    description="A second host behind the same address prints over RPC and opens a share, during the attack.",
    techniques=(),
    strength=Strength.NONE,
    story=Story(
        "bystander",
        (
            Connect(label="endpoint mapper", source="second", by="spooler", on="rpcss", port=135, after=(1, 4)),
            Connect(label="spooler", source="second", by="spooler", on="spooler", after=(0.005, 0.05)),
            LogOn(label="machine session", account="machine", over="spooler"),
            Connect(label="smb", source="second", by="system", on="system", port=445, after=(1, 4)),
            LogOn(label="session", over="smb"),
            AccessShare(label="share", over="smb", session="session", share=r"\\*\C$"),
        ),
    ),
)
