"""Every operator's word and how it is read, as an ordered table; what the word is absent from, KQL does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.kql.operators import columns, groups, rows, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiercel.kql.expressions import Expressions
    from tiercel.kql.syntax import Operator, Source

__all__ = ["HABITS", "NOT_IN_THE_TREE", "OPERATORS", "SOURCES"]

OPERATORS: Final[dict[str, Callable[[Expressions, int], Operator]]] = {
    "where": rows.read_where,
    "filter": rows.read_where,
    "project": columns.read_project,
    "project-away": columns.read_project_names,
    "project-keep": columns.read_project_names,
    "project-rename": columns.read_project_rename,
    "project-reorder": columns.read_project_reorder,
    "extend": columns.read_extend,
    "summarize": groups.read_summarize,
    "distinct": rows.read_distinct,
    "join": tables.read_join,
    "lookup": tables.read_lookup,
    "union": tables.read_union,
    "sort": rows.read_sort,
    "order": rows.read_sort,
    "take": rows.read_take,
    "limit": rows.read_take,
    "top": rows.read_top,
    "top-nested": rows.read_top_nested,
    "top-hitters": rows.read_top_hitters,
    "count": rows.read_count,
    "mv-expand": columns.read_mv_expand,
    "mvexpand": columns.read_mv_expand,
    "mv-apply": columns.read_mv_apply,
    "mvapply": columns.read_mv_apply,
    "parse": columns.read_parse,
    "parse-where": columns.read_parse_where,
    "parse-kv": columns.read_parse_kv,
    "make-series": groups.read_make_series,
    "serialize": rows.read_serialize,
    "invoke": tables.read_invoke,
    "evaluate": tables.read_evaluate,
    "as": tables.read_as,
    "render": tables.read_render,
    "getschema": columns.read_getschema,
    "consume": rows.read_consume,
    "sample": rows.read_sample,
    "sample-distinct": rows.read_sample_distinct,
    "partition": groups.read_partition,
    "scan": groups.read_scan,
    "fork": tables.read_fork,
    "search": tables.read_search,
}
"""What may stand after `|`, and how it is read: the function gets the index of the operator's word."""

SOURCES: Final[dict[str, Callable[[Expressions, int], Source]]] = {
    "datatable": tables.read_datatable,
    "externaldata": tables.read_external_data,
    "external_data": tables.read_external_data,
    "print": tables.read_print,
    "range": tables.read_range,
    "union": tables.read_union,
    "search": tables.read_search,
    "find": tables.read_find,
    "evaluate": tables.read_evaluate,
}
"""What may stand where a table is expected, beside a name, a call and a bracket."""

NOT_IN_THE_TREE: Final = (
    "facet",
    "reduce",
    "make-graph",
    "graph-match",
    "graph-shortest-paths",
    "graph-to-table",
    "graph-mark-components",
    "graph-where-nodes",
    "graph-where-edges",
    "assert-schema",
    "execute-and-cache",
    "macro-expand",
    "project-smart",
    "__partitionby",
)
"""Operators that KQL knows and the tree has no shape for: their text is stepped over and the word kept."""

HABITS: Final = {
    "select": "`project` chooses columns",
    "group": "`summarize ... by ...` groups rows",
    "groupby": "`summarize ... by ...` groups rows",
    "having": "`where` after `summarize` filters groups",
    "head": "`take` keeps some rows",
    "rename": "`project-rename` renames columns",
    "fields": "`project` chooses columns",
    "table": "`project` chooses columns",
    "stats": "`summarize ... by ...` groups rows",
    "eval": "`extend` adds columns",
    "rex": "`parse` and `extract` take texts apart",
    "dedup": "`summarize arg_max(Timestamp, *) by ...` keeps one row a group",
    "drop": "`project-away` drops columns",
}
"""What to write instead of another language's word."""
