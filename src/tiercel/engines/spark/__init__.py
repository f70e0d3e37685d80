"""Spark: runs plans where one machine ends, over a lake.

Holds the dialect (the plan's own nodes as Spark's SQL), the session and the engine. Takes plans and a lake's parts.
Gives Arrow tables, columns named and typed as the plan says. May import tiercel.plan and tiercel.tables; pyspark is
imported when a session is opened, and here alone.
"""

from __future__ import annotations

from tiercel.engines.spark.engine import SparkEngine
from tiercel.engines.spark.lake import attach as attach_lake
from tiercel.engines.spark.session import Cluster

__all__ = ["Cluster", "SparkEngine", "attach_lake"]
