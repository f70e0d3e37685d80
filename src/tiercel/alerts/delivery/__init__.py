"""Delivery: new alerts are told to a webhook, a syslog receiver or a folder, at least once and in order per device.

Takes the store's outbox and a configuration in YAML. Gives messages to targets, and marks them when they were taken.
May import tiercel.alerts' other modules; httpx lives in `webhook`.
"""

from __future__ import annotations

from tiercel.alerts.delivery.configuration import read_targets
from tiercel.alerts.delivery.deliverer import Delivered, Deliverer
from tiercel.alerts.delivery.target import DeliveryError, Retry, Target

__all__ = ["Delivered", "Deliverer", "DeliveryError", "Retry", "Target", "read_targets"]
