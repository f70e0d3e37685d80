"""Attribution: who called, by which logon, what followed, for all findings of a hunt at once.

Holds its questions as KQL documents (catalog/*.md) and what their answers mean. Takes findings and an engine.
Gives the findings with their `Attribution`. May import tiercel.engines.engine, plan, findings, rules and below.
"""

from __future__ import annotations

from tiercel.attribution.attributing import attribute

__all__ = ["attribute"]
