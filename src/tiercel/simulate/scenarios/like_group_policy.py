"""A member asks its domain controller: port 135, then lsass.exe on its own port. Authentication, not execution."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.story import AccessShare, Connect, LogOn, Story

_SYSVOL = r"\\*\SYSVOL"

SCENARIO = Scenario(
    name="like-group-policy",
    title="Group policy and Netlogon",
    description="Port 135 and a second connection from the same caller, which lands on lsass.exe; then SYSVOL.",
    techniques=(),
    strength=Strength.NONE,
    target_roles=("dc",),
    story=Story(
        "group policy and netlogon",
        (
            Connect(label="endpoint mapper", by="lsass", on="rpcss", port=135, after=(0, 1)),
            Connect(label="netlogon", by="lsass", on="lsass", after=(0.003, 0.02)),
            LogOn(label="machine session", account="machine", over="netlogon"),
            Connect(label="ldap", by="gpsvc", on="lsass", port=389, after=(0.05, 0.3)),
            Connect(label="smb", by="system", on="system", port=445, after=(0.05, 0.4)),
            LogOn(label="session", account="machine", over="smb"),
            AccessShare(label="share", over="smb", session="session", share=_SYSVOL),
            AccessShare(
                label="policy",
                over="smb",
                session="session",
                share=_SYSVOL,
                file=r"corp.example.com\Policies\{31B2F340-016D-11D2-945F-00C04FB984F9}\gpt.ini",
                mask="0x120089",
            ),
        ),
    ),
)
