"""Functions that ask the service about itself, and those that need what only the service has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.plan.functions.registry import Environment, Function, Unsupported, unsupported
from tiercel.plan.literals import constant
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.plan.values import Typed

__all__ = ["FUNCTIONS"]


def _text_function(name: str, value: str, page: str) -> Function:
    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        del arguments
        return constant(value, KustoType.STRING)

    lower.__doc__ = f"""{page}

    Example: `{name}()` is `{value}`. Where we differ: there is no cluster.
    """
    return Function(name, lower, 0, 0, "there is no cluster")


_NO_CURSOR: Final = "stored rows carry no database cursor: compare ingestion_time()"
_NO_EXTENT: Final = "rows are not stored in Kusto's extents"
_NO_PRINCIPAL: Final = "nobody is signed in here"
_NO_GEOMETRY: Final = "geography is not what this tool looks at"

_GEOGRAPHY: Final = (
    "geo_angle",
    "geo_azimuth",
    "geo_closest_point_on_line",
    "geo_closest_point_on_polygon",
    "geo_distance_2points",
    "geo_distance_point_to_line",
    "geo_distance_point_to_polygon",
    "geo_from_wkt",
    "geo_geohash_neighbors",
    "geo_geohash_to_central_point",
    "geo_geohash_to_polygon",
    "geo_h3cell_children",
    "geo_h3cell_level",
    "geo_h3cell_neighbors",
    "geo_h3cell_parent",
    "geo_h3cell_rings",
    "geo_h3cell_to_central_point",
    "geo_h3cell_to_polygon",
    "geo_intersection_2lines",
    "geo_intersection_2polygons",
    "geo_intersection_line_with_polygon",
    "geo_intersects_2lines",
    "geo_intersects_2polygons",
    "geo_intersects_line_with_polygon",
    "geo_line_buffer",
    "geo_line_centroid",
    "geo_line_densify",
    "geo_line_interpolate_point",
    "geo_line_length",
    "geo_line_locate_point",
    "geo_line_simplify",
    "geo_line_to_s2cells",
    "geo_point_buffer",
    "geo_point_in_circle",
    "geo_point_in_polygon",
    "geo_point_to_geohash",
    "geo_point_to_h3cell",
    "geo_point_to_s2cell",
    "geo_polygon_area",
    "geo_polygon_buffer",
    "geo_polygon_centroid",
    "geo_polygon_densify",
    "geo_polygon_perimeter",
    "geo_polygon_simplify",
    "geo_polygon_to_h3cells",
    "geo_polygon_to_s2cells",
    "geo_s2cell_neighbors",
    "geo_s2cell_to_central_point",
    "geo_s2cell_to_polygon",
    "geo_simplify_polygons_array",
    "geo_union_lines_array",
    "geo_union_polygons_array",
)

FUNCTIONS: Final[tuple[Function | Unsupported, ...]] = (
    _text_function("current_cluster_endpoint", "localhost", "The name of the cluster that runs the query."),
    _text_function("current_database", "NetDefaultDB", "The name of the database in scope, Kusto's default one."),
    unsupported("current_principal", _NO_PRINCIPAL),
    unsupported("current_principal_details", _NO_PRINCIPAL),
    unsupported("current_principal_is_member_of", _NO_PRINCIPAL),
    unsupported("cursor_current", _NO_CURSOR),
    unsupported("current_cursor", _NO_CURSOR),
    unsupported("cursor_after", _NO_CURSOR),
    unsupported("cursor_before_or_at", _NO_CURSOR),
    unsupported("extent_id", _NO_EXTENT),
    unsupported("extentid", _NO_EXTENT),
    unsupported("extent_tags", _NO_EXTENT),
    *(unsupported(name, _NO_GEOMETRY) for name in _GEOGRAPHY),
)
