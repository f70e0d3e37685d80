"""Engines: what runs plans, and where the rows are.

Holds the protocol that every engine keeps, and one room an engine. Takes a plan and stored tables.
Gives Arrow tables. Each driver has its one address here. May import tiercel.plan and what lies below it.
"""
