"""A small HTTP server that says whether a program that hunts for months is well, and what it counts.

`/healthz` answers 200 where every check is fine, else 503, with the checks as JSON; `/metrics` is for Prometheus.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final, Self

from tiercel.alerts.metrics import CONTENT_TYPE
from tiercel.errors import TiercelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiercel.alerts.metrics import Metrics

__all__ = ["HealthServer"]

LOCALHOST: Final = "127.0.0.1"


class HealthServer:
    """Serves health and metrics from a thread of its own until it is closed. Only this machine is answered by default.

    `checks` is asked at each request: the name of each thing that is looked at, and what is wrong with it or None.
    """

    def __init__(
        self, checks: Callable[[], Mapping[str, str | None]], metrics: Metrics, *, host: str = LOCALHOST, port: int = 0
    ) -> None:
        try:
            self._server = _Server((host, port), checks, metrics)
        except OSError as error:
            raise TiercelError(f"health cannot be served at {host}:{port}: {error.strerror or error}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is served; with port 0 the system chose one."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], checks: Callable[[], Mapping[str, str | None]], metrics: Metrics
    ) -> None:
        super().__init__(address, _Handler)
        self.checks = checks
        self.metrics = metrics


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5  # a client that says nothing does not keep a thread
    server_version = "tiercel"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer."""
        match self.path.partition("?")[0]:
            case "/healthz":
                told = self._checked()
                is_well = not any(told.values())
                body = {
                    "status": "ok" if is_well else "failing",
                    "checks": {name: why or "ok" for name, why in told.items()},
                }
                self._answer(200 if is_well else 503, "application/json", json.dumps(body).encode() + b"\n")
            case "/metrics":
                self._answer(200, CONTENT_TYPE, self.server.metrics.text())
            case _:
                self._answer(404, "text/plain; charset=utf-8", b"/healthz and /metrics are here\n")

    do_HEAD = do_GET  # noqa: N815  the name that http.server looks for

    def _checked(self) -> Mapping[str, str | None]:
        try:
            return self.server.checks()
        except Exception as error:  # noqa: BLE001  a check that fails is what this page is there to tell
            return {"checks": f"{type(error).__name__}: {error}"}

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's signature
        """Requests are not logged: they come every few seconds, for months."""
