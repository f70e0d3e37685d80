"""The tabular operators of KQL, as the parser reads them.

Holds one function an operator and the ordered table of them. Takes the reader, which stands behind the operator's word.
Gives `OPERATORS` and `SOURCES`. May import what tiercel.kql may.
"""
