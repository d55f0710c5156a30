"""What the gateway costs: ``python -m benchmarks.gateway [--cards 1000] [--distinct 100] [--deliveries 300]``.

One gateway process on an embedded Temporal server whose activities are stand-ins, and in the same run a bare handler of
the same framework: a delivery until it is answered (and so durable) and until it is looked at, an action until the new
card is at a reader, and the memory and answers of a process with many live cards.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import yaml
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from maestro.config.topology import Topology, load_topology
from maestro.model.conduct import ConductRequest
from maestro.model.decision import Phase
from tests.localstack import TOPOLOGY
from tests.workflows.conftest import QUICK, conducting, server_options
from tests.workflows.fakes import Fakes, needs_person_until_approved, pull_request
from workers.stack.ports import free_port
from workers.starting import start_workflow
from workflows.contract import CARD_QUERY

SECRET = "a secret of this benchmark"
SETTLED_SECONDS = 5.0

_HEADS = count(1)


@dataclass(frozen=True)
class Process:
    """A server process at an address."""

    address: str
    pid: int

    def resident_mib(self) -> float:
        return psutil.Process(self.pid).memory_info().rss / 2**20


def spread(seconds: Sequence[float]) -> str:
    """``p50 / p95`` in milliseconds."""
    ordered = sorted(seconds)
    return f"{statistics.median(ordered) * 1e3:8.1f} / {ordered[int(len(ordered) * 0.95)] * 1e3:8.1f} ms"


@asynccontextmanager
async def served(command: list[str], environment: dict[str, str], address: str) -> AsyncIterator[Process]:
    """A process that answers at ``address``."""
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log)
        try:
            async with httpx.AsyncClient(trust_env=False) as http:
                async with asyncio.timeout(60):
                    while not await answers(http, f"{address}/healthz"):  # noqa: ASYNC110
                        await asyncio.sleep(0.1)
            yield Process(address, process.pid)
        finally:
            process.terminate()
            await process.wait()


async def answers(http: httpx.AsyncClient, address: str) -> bool:
    try:
        return (await http.get(address)).is_success
    except httpx.TransportError:
        return False


@asynccontextmanager
async def gateway(client: Client, queue: str, folder: Path) -> AsyncIterator[tuple[Process, Topology]]:
    """The real process on the benchmark's server and queue."""
    port = free_port(set())
    for name, text in (("secret", SECRET), ("token", "of nobody")):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(text)
    forge = {"kind": "gitea", "name": "git", "url": "http://127.0.0.1:9", "clone_url": "http://127.0.0.1:9"}
    forge |= {"token_file": str(folder / "token"), "webhook_secret_file": str(folder / "secret")}
    written = yaml.safe_load(TOPOLOGY.read_text()) | {
        "temporal": {"namespace": client.namespace, "task_queue": queue},
        "gateway": {"port": port, "requests_per_minute": 1_000_000, "actions_per_minute": 1_000_000, "usage": False},
        "forges": [forge],
    }
    path = folder / "topology.yaml"
    path.write_text(yaml.safe_dump(written))
    environment = os.environ | {
        "MAESTRO_HOME": str(folder / "home"),
        "MAESTRO_TOPOLOGY": str(path),
        "TEMPORAL_ADDRESS": client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": client.namespace,
    }
    (folder / "home").mkdir()
    command = [sys.executable, "-P", "-m", "gateway.web.serve"]
    async with served(command, environment, f"http://127.0.0.1:{port}") as process:
        yield process, load_topology(path)


@asynccontextmanager
async def bare() -> AsyncIterator[Process]:
    """The floor: the same framework and server with handlers that do nothing."""
    port = free_port(set())
    command = [sys.executable, "-m", "benchmarks.gateway_floor", str(port)]
    async with served(command, dict(os.environ), f"http://127.0.0.1:{port}") as process:
        yield process


async def deliveries(process: Process, number: int, *, path: str) -> list[float]:
    """How long signed deliveries take until they are answered, one after the other."""
    took = []
    async with httpx.AsyncClient(base_url=process.address, trust_env=False, timeout=30) as http:
        for pr in range(1, number + 1):
            body = json.dumps(delivery(pr)).encode()
            signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
            headers = {
                "X-Gitea-Event": "pull_request",
                "X-Gitea-Event-Type": "pull_request",
                "X-Gitea-Delivery": str(uuid4()),
                "X-Gitea-Signature": signature,
                "X-Hub-Signature-256": f"sha256={signature}",
                "Content-Type": "application/json",
            }
            began = time.perf_counter()
            answer = await http.post(path, content=body, headers=headers)
            took.append(time.perf_counter() - began)
            assert answer.status_code == 202, answer.text
    return took


def delivery(pr: int) -> dict[str, Any]:
    """A recorded delivery of a pull request that is ready, with another number."""
    recorded = json.loads((Path(__file__).parents[1] / "tests/forges/gitea/deliveries.json").read_text())
    body: dict[str, Any] = next(each["payload"] for each in recorded if each["step"] == "the draft is ready")
    body["number"] = body["pull_request"]["number"] = pr
    return body


class Reader:
    """One open live card: it notes when a text first came."""

    def __init__(self, address: str, path: str) -> None:
        host, _, port = address.removeprefix("http://").partition(":")
        self._where = (host, int(port), path)
        self.opened = asyncio.Event()
        self._wanted = b""
        self._came: asyncio.Future[float] | None = None

    def want(self, text: str) -> "asyncio.Future[float]":
        """When this text comes, by ``time.perf_counter``."""
        self._wanted = text.encode()
        self._came = asyncio.get_running_loop().create_future()
        return self._came

    async def read(self) -> None:
        host, port, path = self._where
        reader, writer = await asyncio.open_connection(host, port, limit=2**20)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        try:
            async for line in reader:
                if line.startswith(b"data:"):
                    self.opened.set()
                    if self._came is not None and not self._came.done() and self._wanted in line:
                        self._came.set_result(time.perf_counter())
        finally:
            writer.close()


@dataclass(frozen=True)
class Live:
    """What many live cards cost: MiB per thousand, seconds until a new one is there, seconds of another answer."""

    before_mib: float
    after_mib: float
    opened_seconds: float
    changed: list[float]
    other: list[float]


async def live(process: Process, paths: list[str], cards: int, act: Any, *, changes: int) -> Live:
    """Open ``cards`` over ``paths``; change one after the other, and see when all of its readers have it."""
    before = process.resident_mib()
    readers: dict[str, list[Reader]] = {path: [] for path in paths}
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        tasks = []
        for number in range(cards):
            path = paths[number % len(paths)]
            readers[path].append(Reader(process.address, path))
            tasks.append(group.create_task(readers[path][-1].read()))
        for each in (reader for some in readers.values() for reader in some):
            await each.opened.wait()
        opened = time.perf_counter() - began
        await asyncio.sleep(SETTLED_SECONDS)
        after = process.resident_mib()
        changed: list[float] = []
        other: list[float] = []
        async with httpx.AsyncClient(base_url=process.address, trust_env=False, timeout=60) as http:
            for number in range(changes):
                path = paths[number % len(paths)]
                text = f"seen-{uuid4()}"
                waiting = [reader.want(text) for reader in readers[path]]
                began = time.perf_counter()
                await act(http, path, text)
                changed += [at - began for at in await asyncio.gather(*waiting)]
                began = time.perf_counter()
                assert (await http.get("/healthz")).is_success
                other.append(time.perf_counter() - began)
        for task in tasks:
            task.cancel()
    return Live(before, after, opened, changed, other)


async def report(http: httpx.AsyncClient, path: str, text: str) -> None:
    """Report an incident, which always makes a new card."""
    workflow_id = f"pr/{path.removeprefix('/api/pull-requests/').removesuffix('/events')}"
    card = (await http.get(path.removesuffix("/events"))).json()["card"]
    body = {"pull_request": workflow_id, "card_version": card["version"], "reason": text}
    answer = await http.post("/api/decision/incident", json=body)
    assert answer.is_success, answer.text


async def push(http: httpx.AsyncClient, path: str, text: str) -> None:
    assert (await http.post(path.replace("/events/", "/push/"), content=text)).is_success


async def start(client: Client, topology: Topology, number: int) -> list[str]:
    """Pull requests that wait for a person; where their live cards are."""
    paths = []
    for _ in range(number):
        asked = pull_request(head_sha=f"{next(_HEADS):040x}")
        assert await start_workflow(client, topology, ConductRequest(pull_request=asked))
        paths.append(f"/api/pull-requests/{asked.workflow_id.removeprefix('pr/')}/events")
    for path in paths:
        workflow_id = f"pr/{path.removeprefix('/api/pull-requests/').removesuffix('/events')}"
        handle = client.get_workflow_handle(workflow_id)
        async with asyncio.timeout(120):
            while (await handle.query(CARD_QUERY))["phase"] != Phase.WAITING_FOR_PERSON:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    return paths


async def looked_at(client: Client, number: int) -> list[float]:
    """From a delivery's signal to the first step that follows it, from the histories of the arrivals."""
    took = []
    for pr in range(1, number + 1):
        history = await client.get_workflow_handle(f"arrival/git/acme/shop/{pr}").fetch_history()
        times = [event.event_time.ToNanoseconds() for event in history.events]
        scheduled = next(n for n, event in enumerate(history.events) if _is_activity(event))
        took.append((times[scheduled] - times[0]) / 1e9)
    return took


def _is_activity(event: Any) -> bool:
    return bool(event.HasField("activity_task_scheduled_event_attributes"))


async def measure(options: argparse.Namespace) -> None:
    environment = await WorkflowEnvironment.start_local(**server_options(), dev_server_extra_args=QUICK)
    with tempfile.TemporaryDirectory(prefix="maestro-bench-") as folder:
        async with (
            environment,
            conducting(environment.client, Fakes(decide_as=needs_person_until_approved)) as conductor,
        ):
            client = environment.client
            async with bare() as floor, gateway(client, conductor.queue, Path(folder)) as (real, topology):
                await deliveries(real, 20, path="/webhooks/git")
                answered = await deliveries(real, options.deliveries, path="/webhooks/git")
                nothing = await deliveries(floor, options.deliveries, path="/delivered")
                await asyncio.sleep(SETTLED_SECONDS)
                tell("a delivery until it is answered", answered, nothing)
                print(f"{'its signal until the first step':40} {spread(await looked_at(client, options.deliveries))}")
                paths = await start(client, topology, options.distinct)
                one = await live(real, paths[:10], 10, report, changes=options.changes)
                one_floor = await live(floor, topics(10), 10, push, changes=options.changes)
                tell("an action until the new card is there", one.changed, one_floor.changed)
                many = await live(real, paths, options.cards, report, changes=options.changes)
                many_floor = await live(floor, topics(options.distinct), options.cards, push, changes=options.changes)
                title = f"with {options.cards} live cards of {options.distinct} pull requests"
                tell(f"{title}: new card", many.changed, many_floor.changed)
                tell(f"{title}: another answer", many.other, many_floor.other)
                for name, seen in (("gateway", many), ("bare", many_floor)):
                    grown = seen.after_mib - seen.before_mib
                    opening = f"opened in {seen.opened_seconds:.1f} s"
                    print(f"{name}: {seen.before_mib:.0f} MiB, then {seen.after_mib:.0f} MiB (+{grown:.0f}), {opening}")


def topics(number: int) -> list[str]:
    return [f"/events/{name}" for name in range(number)]


def tell(what: str, seconds: list[float], floor: list[float]) -> None:
    ratio = statistics.median(seconds) / statistics.median(floor)
    print(f"{what:40} {spread(seconds)}   bare {spread(floor)}   x{ratio:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, default=1_000)
    parser.add_argument("--distinct", type=int, default=100)
    parser.add_argument("--deliveries", type=int, default=300)
    parser.add_argument("--changes", type=int, default=40)
    asyncio.run(measure(parser.parse_args()))
