"""Rules: detections as Markdown documents that hold KQL, and the catalogue of shipped ones.

Takes files, folders and the packaged catalogue. Gives frozen `Rule`s, and issues with their place in the document.
May import tiercel.tables and tiercel.errors; never runs or parses a query.
"""

from __future__ import annotations

from tiercel.rules.collection import Collection, FailedDocument, read_catalog, read_collection
from tiercel.rules.reader import Reading, read_rule, with_filters
from tiercel.rules.rule import AttackRow, DataSource, EvidenceColumns, Rule, RuleQuery, Version

__all__ = [
    "AttackRow",
    "Collection",
    "DataSource",
    "EvidenceColumns",
    "FailedDocument",
    "Reading",
    "Rule",
    "RuleQuery",
    "Version",
    "read_catalog",
    "read_collection",
    "read_rule",
    "with_filters",
]
