"""Tiercel finds Windows lateral movement over DCOM, WMI and the Service Control Manager in any Windows telemetry."""
