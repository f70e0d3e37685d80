"""Words that KQL keeps for itself: where one of them is a name, Kusto wants it in brackets, `['title']`.

Source: what Microsoft's language service (`@kusto/language-service-next` 12.4) refuses as the name of a column. Queries
that use them bare are read all the same, with a warning.
"""

from __future__ import annotations

from typing import Final

__all__ = ["RESERVED", "RESERVED_FOR_VALUES"]

_TYPES: Final = (
    "boolean date datetime decimal double dynamic float int int8 int16 int32 int64 long real string time timespan "
    "uint uint8 uint16 uint32 uint64 ulong uniqueid"
)
_CHARTS: Final = (
    "3Dchart anomalychart areachart barchart card columnchart ladderchart linechart piechart pivotchart scatterchart "
    "stackedareachart timechart timeline timepivot treemap"
)
_PARAMETERS: Final = (
    "bagexpansion bin_legacy datascope decodeblocks expandoutput external_data first flags hotcache isfuzzy last "
    "nooptimization others project relaxed simple union with_itemindex with_match_id with_step_name"
)

RESERVED: Final = frozenset(f"{_TYPES} {_CHARTS} {_PARAMETERS} asc desc".split())
"""Words that need brackets wherever a name is given or used."""

RESERVED_FOR_VALUES: Final = RESERVED | frozenset(
    [
        "accumulate",
        "as",
        "datatable",
        "externaldata",
        "find",
        "invoke",
        "materialize",
        "of",
        "print",
        "sample",
        "search",
        "set",
        "title",
        "to",
        "toscalar",
        "totable",
        "where",
    ]
)
"""Words that need brackets where a column or a table is used; a new column may bear them."""
