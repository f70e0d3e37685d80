"""Findings: what a rule's result rows mean, one finding an attack, each step with its raw event.

Takes a rule, its result as Arrow and a way to look raw rows up. Gives frozen `Finding`s, as Arrow and JSON too.
May import tiercel.rules, tiercel.tables and tiercel.errors; runs no query itself.
"""

from __future__ import annotations

from tiercel.findings.assembly import assemble
from tiercel.findings.finding import Finding, Process, Step
from tiercel.findings.lookup import Lookup
from tiercel.findings.merge import merge
from tiercel.findings.shapes import SCHEMA, as_arrow, as_json, iso

__all__ = ["SCHEMA", "Finding", "Lookup", "Process", "Step", "as_arrow", "as_json", "assemble", "iso", "merge"]
