"""Syslog: each message is one line of RFC 5424, over UDP (RFC 5426) or TCP with octet counting (RFC 6587)."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from tiercel.alerts.delivery.target import DeliveryError
from tiercel.findings import iso

if TYPE_CHECKING:
    from tiercel.alerts.outbox import Message

__all__ = ["FACILITIES", "Syslog", "line"]

FACILITIES: Final = {
    "user": 1, "daemon": 3, "auth": 4, "authpriv": 10, "local0": 16, "local1": 17, "local2": 18, "local3": 19,
    "local4": 20, "local5": 21, "local6": 22, "local7": 23,
}  # fmt: skip
"""By RFC 5424, section 6.2.1."""

_SEVERITIES: Final = {"critical": 2, "high": 3, "medium": 4, "low": 5, "informational": 6}
"""Ours, and the ones of RFC 5424 that they are told as."""

_NOT_PRINTABLE: Final = re.compile(r"[^\x21-\x7e]")
_ENTERPRISE: Final = "32473"
"""The enterprise number that RFC 5612 sets aside for those without one of their own."""

_UDP_MOST: Final = 2048
"""Bytes that every receiver should take (RFC 5424, section 6.1)."""

_TCP_MOST: Final = 65_536
_CUT: Final = (512, 128, 32, 0)
"""So many characters of each text are kept, tried in turn until the line fits."""


def line(message: Message, facility: int, hostname: str, most: int) -> bytes:
    """The message as one line: its headline facts as JSON, texts cut until it fits; JSON escapes control characters."""
    alert = message.alert
    finding: dict[str, Any] = alert["finding"]
    priority = facility * 8 + _SEVERITIES.get(finding["severity"], 5)
    head = f"<{priority}>1 {iso(message.at)} {_name(hostname, 255)} tiercel {os.getpid()} {_name(message.kind, 32)}"
    data = {"key": message.key, "sequence": message.sequence, "alert": alert["id"], "fingerprint": alert["fingerprint"]}
    structured = "".join(f' {name}="{_quoted(str(value))}"' for name, value in data.items())
    begin = f"{head} [tiercel@{_ENTERPRISE}{structured}] ".encode("ascii", "replace")
    facts = {
        "severity": finding["severity"],
        "rule": finding["rule_id"],
        "title": finding["title"],
        "device": finding["device"],
        "caller": finding["peer_ip"],
        "account": finding["account"],
        "server": (finding["server"] or {}).get("name"),
        "child": (finding["child"] or {}).get("name"),
        "command_line": (finding["child"] or {}).get("command_line"),
        "first_time": finding["first_time"],
        "techniques": " ".join(finding["techniques"]),
        "summary": finding["summary"],
    }
    for longest in (most, *_CUT):
        told = {name: value if value is None else str(value)[:longest] for name, value in facts.items()}
        # The mark that RFC 5424 asks for before a message in UTF-8.
        whole = begin + b"\xef\xbb\xbf" + orjson.dumps(told)
        if len(whole) <= most:
            return whole
    return begin.rstrip()


def _name(text: str, most: int) -> str:
    return _NOT_PRINTABLE.sub("_", text)[:most] or "-"


def _quoted(text: str) -> str:
    return re.sub(r'(["\\\]])', r"\\\1", text)


@dataclass(frozen=True, slots=True)
class Syslog:
    """A syslog receiver.

    Over UDP nobody knows whether a line arrived. Over TCP a line counts as taken when the receiver, having read to the
    end of our sending, has closed its side in order; `is_confirmed` False trusts the first acceptance instead.
    """

    host: str
    port: int
    is_tcp: bool = False
    facility: int = FACILITIES["local4"]
    timeout: float = 10.0
    is_confirmed: bool = True
    hostname: str = ""

    def send(self, message: Message) -> None:
        """Send the line."""
        most = _TCP_MOST if self.is_tcp else _UDP_MOST
        whole = line(message, self.facility, self.hostname or socket.gethostname(), most)
        try:
            if self.is_tcp:
                self._send_over_tcp(b"%d %s" % (len(whole), whole))
            else:
                self._send_over_udp(whole)
        except OSError as error:
            raise DeliveryError(f"syslog at {self.host}:{self.port}: {error.strerror or error}") from error

    def _send_over_udp(self, whole: bytes) -> None:
        family, kind, protocol, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as udp:
            udp.connect(address)
            udp.send(whole)

    def _send_over_tcp(self, framed: bytes) -> None:
        with socket.create_connection((self.host, self.port), self.timeout) as tcp:
            tcp.sendall(framed)
            tcp.shutdown(socket.SHUT_WR)
            while self.is_confirmed and tcp.recv(4096):
                pass

    def close(self) -> None:
        """There is nothing to let go of."""
