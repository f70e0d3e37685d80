"""Tiercel finds Windows lateral movement over DCOM, WMI and the Service Control Manager in any Windows telemetry.

    import tiercel

    result = tiercel.hunt("evidence/")
    for finding in result.findings:
        print(finding.summary)
    table = result.findings.to_arrow()

`hunt` runs rules, `query` any KQL. The rest of the package is for those who build on it.
"""

from __future__ import annotations

from tiercel.errors import EngineError, InputError, Issue, RuleError, TiercelError, UsageError
from tiercel.findings import Finding
from tiercel.hunt import Findings, Result, hunt, query

__all__ = [
    "EngineError",
    "Finding",
    "Findings",
    "InputError",
    "Issue",
    "Result",
    "RuleError",
    "TiercelError",
    "UsageError",
    "hunt",
    "query",
]
