"""The formats a result is exported in, in the order in which they are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tiercel.exports.ecs import ecs_documents
from tiercel.exports.navigator import result_layer
from tiercel.exports.ocsf import ocsf_events
from tiercel.exports.timesketch import timesketch_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiercel.hunt import Result

__all__ = ["FORMATS", "ExportFormat"]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One format: its name on the command line, what it is for, and a result's JSON values in it.

    Each value is one line of the export; a layer is one value, and so a document by itself.
    """

    name: str
    about: str
    values: Callable[[Result], Iterator[dict[str, Any]]]


FORMATS: Final = (
    ExportFormat("ocsf", "OCSF Detection Finding, JSON lines", ocsf_events),
    ExportFormat("ecs", "Elastic Common Schema alerts, JSON lines", ecs_documents),
    ExportFormat("timesketch", "a timeline of every step, JSON lines for Timesketch", timesketch_events),
    ExportFormat("navigator", "an ATT&CK Navigator layer", result_layer),
)
