"""A webhook's receiver for the tests: it keeps what it is sent, and answers as it is told."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """`answers(body)` gives the status, or (status, headers); requests it answers with a 2xx are in `taken`."""

    def __init__(self, port=0):
        self.requests = []
        self.taken = []
        self.answers = lambda _: 200
        self.before_answer = lambda: None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                body = json.loads(raw)
                answer = receiver.answers(body)
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                receiver.requests.append((dict(self.headers), raw))
                if status < 300:
                    receiver.taken.append((self.headers["Idempotency-Key"], body))
                receiver.before_answer()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def devices(self):
        """The alerts' numbers as they were taken, by device, repeats left out."""
        seen = {}
        for _, body in self.taken:
            numbers = seen.setdefault(body["alert"]["finding"]["device"], [])
            if body["alert"]["id"] not in numbers:
                numbers.append(body["alert"]["id"])
        return seen
