"""Git over HTTP as a forge serves it: git's own server behind names and passwords, and what was shown to it."""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class GitServer:
    """Serves the repositories below ``folder`` to whoever shows the token. ``shown`` are the passwords that were
    shown, by path; ``redirects`` lead from paths that begin so to other addresses, ``redirects_after`` leads whoever
    showed the token to another one; ``forbids`` answers 403 to the token.
    """

    folder: Path
    token: str
    address: str = ""
    forbids: bool = False
    asked: list[str] = field(default_factory=list)
    shown: list[tuple[str, str]] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    redirects_after: str = ""

    def refusal(self, path: str, authorization: str) -> int:
        """The status of a refusal, or 0."""
        self.asked.append(path)
        if not authorization:
            return 401
        _, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        self.shown.append((path, password))
        if password != self.token:
            return 401
        return 403 if self.forbids else 0


@contextmanager
def serving(folder: Path, *, token: str) -> Iterator[GitServer]:
    """A server on this machine, until the block ends."""
    site = GitServer(folder, token)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": site}))
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    site: GitServer

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        to = next((to for begin, to in self.site.redirects.items() if path.startswith(begin)), "")
        if to:
            self.site.asked.append(path)
            if authorization := self.headers.get("Authorization"):
                self.site.shown.append((path, authorization))
            return self._say(302, {"Location": f"{to}{self.path}"})
        refusal = self.site.refusal(path, self.headers.get("Authorization", ""))
        if refusal:
            return self._say(refusal, {"WWW-Authenticate": 'Basic realm="forge"'})
        if self.site.redirects_after:
            return self._say(302, {"Location": f"{self.site.redirects_after}{self.path}"})
        return self._served()

    def do_POST(self) -> None:
        self.do_GET()

    def _served(self) -> None:
        at = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        done = subprocess.run(
            ["git", "http-backend"],
            input=self._chunks() if self.headers.get("Transfer-Encoding") == "chunked" else self.rfile.read(length),
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(self.site.folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "GIT_CONFIG_GLOBAL": os.devnull,
                "REQUEST_METHOD": self.command,
                "PATH_INFO": at.path,
                "QUERY_STRING": at.query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "REMOTE_USER": "somebody",
                "REMOTE_ADDR": "127.0.0.1",
            },
            capture_output=True,
            check=True,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self._say(int(headers.pop("Status", "200").split()[0]), headers, body)

    def _chunks(self) -> bytes:
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _say(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests say themselves what was asked."""
