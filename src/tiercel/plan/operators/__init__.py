"""KQL's tabular operators, one file a family, and the ordered table of all of them.

Holds one lowering an operator; its docstring is its documentation page. Takes the rows before it and its syntax.
Gives the rows after it, as a `Relation`. May import what tiercel.plan may.
"""
