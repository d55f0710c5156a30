"""Where a Gitea delivers to, in a test: keeps what comes, as it comes, and answers 200."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Received(NamedTuple):
    """``headers`` as they were spelled."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> str:
        return self.headers.get("X-Gitea-Event", "")

    @property
    def kind(self) -> str:
        """The event, and its action where it has one."""
        return f"{self.event} {json.loads(self.body).get('action', '')}".strip()


class Receiver:
    """``received`` grows as deliveries come in."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[Received] = []


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listens on loopback, on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.received.append(Received(dict(self.headers.items()), body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the base class's
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}/webhooks/gitea")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
