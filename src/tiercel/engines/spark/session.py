"""Which Spark runs the plans: a session of our own on a master, one behind Spark Connect, or one that stands."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tiercel.errors import EngineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Cluster", "Opened", "spark_warnings"]

_SEMANTICS: Final[dict[str, str]] = {
    # Spark's timestamps are printed, parsed and cut into days in the session's zone.
    "spark.sql.session.timeZone": "UTC",
    # Overflows and casts that do not fit are errors, as on DuckDB, and no wrapped numbers or silent nulls.
    "spark.sql.ansi.enabled": "true",
    # Two columns never differ by case alone in a plan.
    "spark.sql.caseSensitive": "false",
    # A JSON text that names a property twice is JSON all the same.
    "spark.sql.variant.allowDuplicateKeys": "true",
    "spark.sql.mapKeyDedupPolicy": "LAST_WIN",
    # Our strings are written with escapes.
    "spark.sql.parser.escapedStringLiterals": "false",
    # A part that is gone is an error, never rows missed in silence.
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
    # Dates before 1582 are Gregorian in every lake.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.execution.arrow.pyspark.fallback.enabled": "false",
}
"""What a plan's meaning rests on; it is set in a session of our own, whatever the user's own session says."""

_QUIET: Final[dict[str, str]] = {
    "spark.app.name": "tiercel",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
_ON_THIS_HOST: Final[dict[str, str]] = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
}
"""For `local` masters, whose executors are processes of this host: they need no network."""

_LOGGING: Final = Path(__file__).with_name("log4j2.properties")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where Spark runs: one of `session`, `remote` and `master`, the first that is given; `local[*]` if none is.

    A session that was passed in is used and left open: settings and views go to a session of its own beside it, on the
    same cluster. What is opened here is stopped by `Opened.close`. `settings` are Spark's own, such as
    `spark.executor.memory`.
    """

    master: str | None = None
    remote: str | None = None
    session: Any = None
    settings: Mapping[str, str] = field(default_factory=dict)

    def open(self) -> Opened:
        """A session with the settings that plans need. Raises EngineError where Spark cannot be had or reached."""
        if self.master and self.remote:
            raise UsageError("give --master or --remote: a Spark Connect address names the cluster by itself")
        with spark_warnings():
            session, owned = (self.session, False) if self.session is not None else (self._start(), True)
            try:
                own = session.newSession()
                for name, value in _SEMANTICS.items():
                    own.conf.set(name, value)
            except Exception as error:
                if owned:
                    session.stop()
                raise EngineError(f"Spark did not take its settings: {_first_line(error)}") from error
        return Opened(own, session if owned else None)

    def _start(self) -> Any:
        try:
            from pyspark.sql import SparkSession  # noqa: PLC0415  a second to import, for those who use it
        except ImportError as error:
            message = "Spark is not installed: `pip install tiercel[spark]`"
            raise EngineError(message) from error
        try:
            if self.remote is not None:
                builder = SparkSession.builder.remote(self.remote)
                for name, value in self.settings.items():
                    builder = builder.config(name, value)
                return builder.getOrCreate()
            return self._start_master(SparkSession)
        except EngineError:
            raise
        except Exception as error:
            where = self.remote or self.master or "local[*]"
            raise EngineError(f"Spark could not be started at {where}: {_first_line(error)}") from error

    def _start_master(self, sessions: Any) -> Any:
        if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
            raise EngineError("Spark needs Java 17 or 21: install it, or set JAVA_HOME")
        master = self.master or "local[*]"
        settings = {**_QUIET, "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}"}
        if master.startswith("local"):
            settings |= _ON_THIS_HOST
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # what runs the routines on the executors
        if master.startswith("local-cluster"):
            settings |= _local_cluster()
        builder = sessions.builder.master(master)
        for name, value in {**settings, **self.settings}.items():
            builder = builder.config(name, value)
        return builder.getOrCreate()


@dataclass(frozen=True, slots=True)
class Opened:
    """A session for plans, and the one that was started for it, if any."""

    session: Any
    started: Any

    def close(self) -> None:
        """Stop what was started here; a session that was passed in goes on."""
        with spark_warnings():
            # Behind Spark Connect a session has a connection of its own, whose threads keep the process from ending.
            # Elsewhere all sessions share one context, which stopping any of them would stop.
            if type(self.session).__module__.startswith("pyspark.sql.connect"):
                self.session.stop()
            if self.started is not None:
                self.started.stop()


def _local_cluster() -> dict[str, str]:
    """What a cluster of processes on this host needs: the scripts and jars of the pyspark that pip installed.

    Its workers start `bin/spark-class` of SPARK_HOME and look for the jars of SPARK_SCALA_VERSION there; a Spark that
    is installed by pip has both, and neither variable set.
    """
    import pyspark  # noqa: PLC0415  as above

    home = Path(pyspark.__file__).parent
    os.environ.setdefault("SPARK_HOME", str(home))
    os.environ.setdefault("SPARK_SCALA_VERSION", "2.13")
    found = os.environ.get("PYTHONPATH")
    return {"spark.executorEnv.PYTHONPATH": found} if found else {}


@contextmanager
def spark_warnings() -> Iterator[None]:
    """A stretch in which pyspark keeps quiet: of pandas, whose API is not used, and of errors, which it raises too."""
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*PySpark does not yet fully support pandas.*")
        # Settings of the older versions are set as well, and each Spark warns of those that it no longer heeds.
        warnings.filterwarnings("ignore", message="The SQL config 'spark")
        # A routine takes as many columns as its signature has, which no hint of a function's can say.
        warnings.filterwarnings("ignore", message="It is preferred to specify type hints for arrow UDF")
        yield


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
