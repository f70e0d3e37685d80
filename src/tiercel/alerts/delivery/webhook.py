"""A webhook: each message is a signed POST, with a key by which the receiver knows a repeat."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from tiercel.alerts.delivery.target import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiercel.alerts.outbox import Message

__all__ = ["SIGNATURE", "Webhook", "signature"]

SIGNATURE: Final = "Tiercel-Signature"
"""The header `t=<seconds since 1970>,v1=<hexadecimal HMAC-SHA256 of "<t>.<body>">`."""

_TRANSIENT: Final = frozenset({408, 425, 429})
"""Answers of the 400s that speak of the moment, not of the message (RFC 9110, 8470, 6585)."""

_LONGEST_WAIT: Final = 3600.0


def signature(secret: bytes, at: int, body: bytes) -> str:
    """The value of the signature header. The time is signed too, so that an old message cannot be sent again as new.

    >>> signature(b"secret", 1700000000, b"{}")
    't=1700000000,v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163'
    """
    digest = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


@dataclass(slots=True)
class Webhook:
    """A receiver at a URL. Only an answer of the 200s means that it has taken a message."""

    url: str
    secret: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 10.0
    ca_file: str | None = None
    clock: Callable[[], float] = time.time
    _client: httpx.Client | None = None

    def send(self, message: Message) -> None:
        """Post the message."""
        body = message.body.encode()
        headers = {
            **self.headers,
            "Content-Type": "application/json",
            "User-Agent": "tiercel",
            "Idempotency-Key": message.key,
            "Tiercel-Event": message.kind,
            "Tiercel-Sequence": str(message.sequence),
        }
        if self.secret is not None:
            headers[SIGNATURE] = signature(self.secret, int(self.clock()), body)
        try:
            answer = self._open().post(self.url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OSError) as error:
            raise DeliveryError(f"{self._place()}: {error or type(error).__name__}") from error
        if answer.is_success:
            return
        told = f"{self._place()} answered {answer.status_code} {answer.reason_phrase}".rstrip()
        is_refused = answer.is_client_error and answer.status_code not in _TRANSIENT
        raise DeliveryError(told, is_refused=is_refused, after=_asked_wait(answer, self.clock()))

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _open(self) -> httpx.Client:
        if self._client is None:
            verify = httpx.create_ssl_context(verify=self.ca_file) if self.ca_file else True
            # A redirect would carry the alert, and its signature, where nobody said it should go.
            self._client = httpx.Client(timeout=self.timeout, verify=verify, follow_redirects=False)
        return self._client

    def _place(self) -> str:
        """The URL without what may be secret in it: credentials, path and query."""
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}"


def _asked_wait(answer: httpx.Response, now: float) -> float | None:
    """What the header Retry-After asks for, in seconds; RFC 9110 allows a number or a date."""
    told = answer.headers.get("Retry-After", "")
    if told.isdecimal():
        return min(float(told), _LONGEST_WAIT)
    try:
        return min(max(parsedate_to_datetime(told).timestamp() - now, 0.0), _LONGEST_WAIT)
    except ValueError:
        return None
