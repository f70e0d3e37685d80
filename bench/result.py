"""What a measurement says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One number with its unit, and the bound it must keep: at least or at most `bound`, None where there is none."""

    name: str
    value: float
    unit: str
    bound: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def kept(self) -> bool:
        """Whether the bound is kept."""
        if self.bound is None:
            return True
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        wanted = ""
        if self.bound is not None:
            mark = "ok" if self.kept else "MISSED"
            wanted = f"  [{mark}: at {'least' if self.at_least else 'most'} {self.bound:g}]"
        note = f"  ({self.note})" if self.note else ""
        return f"{self.name:<58} {self.value:>10.3f} {self.unit}{wanted}{note}"
