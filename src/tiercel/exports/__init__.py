"""What other systems take: a result as OCSF, ECS, Timesketch or ATT&CK Navigator, a finding's shape as JSON Schema.

Holds one file a format. Takes a `Result`, or rules. Gives JSON values that hold event texts as texts and nothing else.
May import tiercel.hunt and what lies below it; who writes the values to a file or terminal is the command line.
"""

from __future__ import annotations

from tiercel.exports.formats import FORMATS, ExportFormat
from tiercel.exports.navigator import rules_layer
from tiercel.exports.schema import finding_schema

__all__ = ["FORMATS", "ExportFormat", "finding_schema", "rules_layer"]
