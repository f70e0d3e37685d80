"""Nodes for the operators on numbers."""

from __future__ import annotations

from tiercel.plan.nodes.node import Node

__all__ = ["Divide", "LowBits", "Modulo", "Quotient", "Wrapped"]


class Divide(Node):
    """The DOUBLE `this` divided by the DOUBLE `expression`, as IEEE 754 says: by zero it is infinite or NaN."""

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class Quotient(Node):
    """What `this` divided by `expression` gives, both BIGINT or both DECIMAL, and so is the result; by zero NULL.

    Of BIGINTs it is cut towards zero.
    """

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class Modulo(Node):
    """The remainder of `this` by `expression`, never negative: at least 0 and less than the absolute of `expression`.

    Both are of one type, BIGINT, DOUBLE or DECIMAL, which the result has too; NULL by zero.
    """

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class Wrapped(Node):
    """`operator` (`+`, `-`, `*`) of `this` and `expression`, all BIGINT; beyond 64 bits it begins anew below."""

    arg_types = {"this": True, "expression": True, "operator": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class LowBits(Node):
    """The aggregate sum `this` of BIGINTs as a BIGINT; beyond 64 bits it begins anew below."""
