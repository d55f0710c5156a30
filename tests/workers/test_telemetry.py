"""What an operator measures: Prometheus metrics of a worker, and traces across command, workflow and activity."""

import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.execution.repositories import Repository
from tests.localstack import TOPOLOGY, LocalStack


class Collector(BaseHTTPRequestHandler):
    """Takes what is exported over OTLP/HTTP and keeps the bytes."""

    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        return


@contextmanager
def collecting() -> Iterator[tuple[str, list[bytes]]]:
    """A collector on a free port of the loopback: its address, and everything that it received."""
    bodies: list[bytes] = []
    handler = type("Handler", (Collector,), {"bodies": bodies})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_a_pull_request_leaves_metrics_and_a_trace_through_every_process(tmp_path: Path) -> None:
    port = free_port()
    text = TOPOLOGY.read_text(encoding="utf-8")
    first, _, rest = text.partition("    slots: 2\n")
    topology = tmp_path / "topology.yaml"
    topology.write_text(f"{first}    slots: 2\n    metrics_port: {port}\n{rest}", encoding="utf-8")
    repository = Repository(tmp_path / "shop")
    repository.commit({"shop.py": "PRICE = 1\n", "test_shop.py": "import shop\n\ndef test_price():\n    assert shop\n"})
    repository.commit({"README.md": "only words\n"})
    with collecting() as (address, bodies):
        variables = {"MAESTRO_TOPOLOGY": str(topology), "OTEL_EXPORTER_OTLP_ENDPOINT": address}
        stack = LocalStack(tmp_path / "home", variables=variables)
        stack.up()
        try:
            conducted = stack.maestro("run", "--repo", str(repository.folder))
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                metrics = answer.read().decode()
        finally:
            # Stopping flushes what is still to be exported.
            stack.maestro("down")
    assert conducted.returncode == 0, conducted.stderr
    assert "temporal_num_pollers" in metrics
    assert "temporal_activity_execution_latency" in metrics
    spans = b"".join(bodies)
    for name in (b"StartWorkflow:PullRequestWorkflow", b"RunWorkflow:PullRequestWorkflow", b"RunActivity:select"):
        assert name in spans
