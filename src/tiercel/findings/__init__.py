"""Findings: what a rule's result rows mean, one finding an attack, each step with its raw event.

Takes a rule, its result as Arrow and a way to look raw rows up. Gives frozen `Finding`s, as Arrow and JSON and back
from JSON, and the paths they form. May import tiercel.rules, tiercel.tables and tiercel.errors; runs no query itself.
"""

from __future__ import annotations

from tiercel.findings.assembly import assemble, assemble_rows, unite
from tiercel.findings.attribution import Attribution, Caller, Followed, Logon, Mirror, TreeProcess, Unknown
from tiercel.findings.finding import Finding, Process, Step
from tiercel.findings.lookup import Lookup
from tiercel.findings.merge import merge, merge_groups, merged
from tiercel.findings.notebook import findings_html
from tiercel.findings.path import Hop, MovementPath
from tiercel.findings.reading import from_json, read_lines
from tiercel.findings.recurrence import Recurrence, with_recurrence
from tiercel.findings.shapes import SCHEMA, as_arrow, as_json, iso
from tiercel.findings.suppression import FilterRun, Sifted, Suppressed, sift
from tiercel.findings.tracing import trace

__all__ = [
    "SCHEMA",
    "Attribution",
    "Caller",
    "FilterRun",
    "Finding",
    "Followed",
    "Hop",
    "Logon",
    "Lookup",
    "Mirror",
    "MovementPath",
    "Process",
    "Recurrence",
    "Sifted",
    "Step",
    "Suppressed",
    "TreeProcess",
    "Unknown",
    "as_arrow",
    "as_json",
    "assemble",
    "assemble_rows",
    "findings_html",
    "from_json",
    "iso",
    "merge",
    "merge_groups",
    "merged",
    "read_lines",
    "sift",
    "trace",
    "unite",
    "with_recurrence",
]
