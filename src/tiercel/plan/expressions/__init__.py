"""Scalars: from expressions of the syntax tree to SQL with Kusto's types.

Holds one file a family: names, calls, logic, arithmetic, strings, membership, windows. Takes syntax and its context.
Gives `lower`, which turns any expression into a `Typed` and reports what is wrong. May import what tiercel.plan may.
"""
