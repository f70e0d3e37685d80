"""Sysmon's GUIDs and the hexadecimal forms of ids.

A ProcessGuid is `{machine-LOW-HIGH-count-boot}`: the process start in seconds since 1970 is 0xHIGHLOW. A LogonGuid
carries the log-on's time in the same place and the logon id after it, least significant byte first.
"""

from __future__ import annotations

__all__ = ["hexadecimal", "logon_guid", "process_guid"]


def process_guid(machine: str, pid: int, start: int) -> str:
    """The GUID of a process on a machine; `start` is in microseconds.

    >>> process_guid("d273d0f0", 4312, 1_600_618_616_620_000)
    '{d273d0f0-8078-5f67-36c4-000000000800}'
    """
    seconds = start // 1_000_000
    count = (pid // 4 * 2_654_435_761 ^ start // 1_000) & 0xFFFF
    return f"{{{machine}-{seconds & 0xFFFF:04x}-{seconds >> 16 & 0xFFFF:04x}-{count:04x}-000000000800}}"


def logon_guid(machine: str, logon_id: int, logon_time: int) -> str:
    """The GUID of a session; `logon_time` is in microseconds.

    >>> logon_guid("d273d0f0", 0x153EC2B, 1_600_379_165_500_000)
    '{d273d0f0-d91d-5f63-2bec-530100000000}'
    """
    seconds = logon_time // 1_000_000
    tail = logon_id.to_bytes(8, "little").hex()
    return f"{{{machine}-{seconds & 0xFFFF:04x}-{seconds >> 16 & 0xFFFF:04x}-{tail[:4]}-{tail[4:]}}}"


def hexadecimal(value: int) -> str:
    """An id as Windows writes it: `0x3e7`."""
    return f"{value:#x}"
