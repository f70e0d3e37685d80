"""Checks of rules before they run: rule documents, files of KQL, Sentinel rules in YAML.

Holds one check a file, in a written order, and the reading of what is checked. Takes paths. Gives `check_paths` and its
result as JSON and SARIF. May import tiercel.plan and below.
"""

from __future__ import annotations

from tiercel.checks.report import CHECKS, Checked, as_json, as_sarif, check_paths

__all__ = ["CHECKS", "Checked", "as_json", "as_sarif", "check_paths"]
