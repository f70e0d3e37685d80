"""Alerts: findings that are kept, counted, worked on by people and told to other systems.

Takes findings and a database's URL (SQLite or PostgreSQL). Gives alerts with a state and a history, and delivers new
ones. May import tiercel.findings and what lies below it; sqlalchemy, alembic, httpx and prometheus_client live here.
"""

from __future__ import annotations

from tiercel.alerts.alert import Alert, Change, Recorded, State, Verdict, Wanted
from tiercel.alerts.store import AlertStore, Transaction, default_store

__all__ = [
    "Alert",
    "AlertStore",
    "Change",
    "Recorded",
    "State",
    "Transaction",
    "Verdict",
    "Wanted",
    "default_store",
]
