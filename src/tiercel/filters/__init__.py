"""Environment filters: what one environment knows and wants, kept out of the findings and kept for review.

Holds filters, their YAML document, and how they stand between a rule's markers. Takes files and rules. Gives a
rule's plan with its filters in force, and what became of each. May import tiercel.plan and below; runs nothing itself.
"""

from __future__ import annotations

from tiercel.filters.document import read_filter_document, read_filters
from tiercel.filters.filter import Allowance, EnvironmentFilter, Filters
from tiercel.filters.injection import Injection, inject
from tiercel.filters.sieve import Sieve

__all__ = [
    "Allowance",
    "EnvironmentFilter",
    "Filters",
    "Injection",
    "Sieve",
    "inject",
    "read_filter_document",
    "read_filters",
]
