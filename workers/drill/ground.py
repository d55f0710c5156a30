"""The ground of a drill: a stack of two clusters in a home of its own, each way between its parts through a link."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import sqlalchemy as sa
import yaml

from maestro.clock import VARIABLE as CLOCK
from maestro.config.topology import Topology, load_topology
from maestro.errors import PlatformUnavailable
from maestro.ledger import Ledger
from maestro.resources import policies_dir
from workers.clusters.plan import OFFSETS
from workers.drill.journal import keep_journal
from workers.drill.proxy import HOST, Link
from workers.drill.repository import Repository
from workers.drill.sink import Sink
from workers.stack.child import Child, ChildSpec
from workers.stack.ports import free_block
from workers.stack.state import StackState

REGIONS = {"eu-north": "north", "eu-west": "west"}
"""Each region of the drill with its cluster."""

BOUND_TENANT = "nordic"
"""The tenant whose tests may run in one region only."""

RESTART_SECONDS = 1.0
WORKER_GRACE_SECONDS = 5.0

COMMAND = Path(sys.executable).with_name("maestro")


class Ground:
    """What a drill stands on. ``url`` is the ledger's address for those whom nothing cuts off."""

    def __init__(self, folder: Path, ledger_url: str) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.url = ledger_url
        self.sink = Sink(folder / "sink")
        self.repository = Repository(folder)
        self.ledger_links: dict[str, Link] = {}
        self.cluster_links: dict[str, Link] = {}
        self._workers: dict[str, Child] = {}
        self._keepers: list[asyncio.Task[None]] = []

    @property
    def topology(self) -> Topology:
        return load_topology(self.home / "topology.yaml")

    @property
    def environment(self) -> dict[str, str]:
        """That of every command on this ground, and with what differs per region, of the stack."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAESTRO_", "TEMPORAL_"))}
        # The server is found, or built, where it is for everybody.
        kept |= {name: os.environ[name] for name in ("MAESTRO_TEMPORAL_SERVER", "MAESTRO_CACHE") if name in os.environ}
        own = {
            "MAESTRO_HOME": str(self.home),
            "MAESTRO_TOPOLOGY": str(self.folder / "topology.yaml"),
            "MAESTRO_POLICIES": str(self.folder / "policies"),
            "MAESTRO_LEDGER_URL": self.url,
            "MAESTRO_STACK_CLUSTERS": "1",
            "MAESTRO_STACK_WHILE_PID": str(os.getpid()),
        }
        for region, link in self.ledger_links.items():
            ending = region.upper().replace("-", "_")
            own[f"MAESTRO_LEDGER_URL_{ending}"] = self.url_through(link)
            own[f"{CLOCK}_{ending}"] = str(self.clock(region))
        return kept | own

    def url_through(self, link: Link) -> str:
        url = sa.make_url(self.url).set(host=HOST, port=link.port)
        return url.render_as_string(hide_password=False)

    def clock(self, region: str) -> Path:
        """The file with what a region's clock is off by."""
        return self.folder / f"clock-{region}"

    def processes(self, kind: str, region: str) -> list[psutil.Process]:
        """The processes of a kind (worker, server, controller) that run for a region now."""
        name = f"temporal {REGIONS[region]}" if kind == "server" else f"{kind} {region}"
        found = [process.find() for part, process in self._state().processes() if part == name]
        if kind == "worker":
            with suppress(psutil.NoSuchProcess):
                found.append(psutil.Process(self._workers[region].pid))
        return [process for process in found if process is not None]

    async def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``maestro`` to its end, as a user does."""
        return await asyncio.to_thread(
            subprocess.run,
            [str(COMMAND), *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    async def up(self) -> None:
        """Everything that is there before the first fault. Raises PlatformUnavailable."""
        sink = self.folder / "sink"
        sink.mkdir(parents=True)
        await asyncio.to_thread(self.repository.make)
        _write_policies(self.folder / "policies")
        for region in REGIONS:
            self.clock(region).write_text("0", encoding="ascii")
        await self._open_links()
        with Ledger.open(self.url):
            # Its tables are made now, so that the journal can be.
            pass
        await asyncio.to_thread(keep_journal, self.url)
        started = await self.command("up", "--clusters")
        if started.returncode != 0:
            raise PlatformUnavailable(
                f"the clusters do not start: {started.stderr.strip()}",
                field="maestro up --clusters",
                fix=f"read {self.home}/logs (kept with --keep)",
            )
        for region in REGIONS:
            await self._start_worker(region, sink)

    async def down(self) -> None:
        for link in self._links():
            # What is held would keep the others from ending in time.
            link.pass_on()
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*(child.end() for child in self._workers.values()))
        await self.command("down")
        for link in self._links():
            await link.close()

    async def _open_links(self) -> None:
        url = sa.make_url(self.url)
        ports: dict[str, int] = {}
        taken: set[int] = set()
        for cluster in REGIONS.values():
            ports[cluster] = free_block(OFFSETS, taken)
            taken.update(ports[cluster] + offset for offset in (0, *OFFSETS))
        for region, cluster in REGIONS.items():
            self.ledger_links[region] = Link(
                f"ledger {region}", target_host=url.host or HOST, target_port=url.port or 5432
            )
            self.cluster_links[cluster] = Link(f"to {cluster}", target_host=HOST, target_port=ports[cluster])
        for link in self._links():
            await link.listen()
        written = yaml.safe_dump(_topology(ports, {name: link.port for name, link in self.cluster_links.items()}))
        (self.folder / "topology.yaml").write_text(written, encoding="utf-8")

    def _links(self) -> tuple[Link, ...]:
        return (*self.ledger_links.values(), *self.cluster_links.values())

    async def _start_worker(self, region: str, sink: Path) -> None:
        logs = self.home / "logs"
        ready = logs / f"drill-{region}.ready"

        async def is_ready(pid: int) -> bool:
            return ready.exists() and ready.read_text(encoding="ascii") == str(pid)

        module = (sys.executable, "-P", "-m", "workers.drill.worker")
        spec = ChildSpec(
            f"drill worker {region}",
            (*module, "--region", region, "--sink", str(sink), "--ready-file", str(ready)),
            logs / f"drill-{region}.log",
            WORKER_GRACE_SECONDS,
            is_ready,
            {"MAESTRO_LEDGER_URL": self.url_through(self.ledger_links[region])},
        )
        environment = self.environment | {"MAESTRO_TOPOLOGY": str(self.home / "topology.yaml")}

        async def start() -> Child:
            return await Child.start(spec, environment=environment, folder=self.folder)

        async def keep(child: Child) -> None:
            while True:
                await child.wait()
                await asyncio.sleep(RESTART_SECONDS)
                child = self._workers[region] = await start()

        self._workers[region] = await start()
        if not await self._workers[region].ready():
            raise PlatformUnavailable("the drill's worker does not start", field=region, fix=f"read {spec.log}")
        self._keepers.append(asyncio.create_task(keep(self._workers[region])))

    def _state(self) -> StackState:
        return StackState.model_validate_json((self.home / "stack.json").read_bytes())


@asynccontextmanager
async def standing(folder: Path, ledger_url: str) -> AsyncIterator[Ground]:
    """A ground that is up, and ended whatever happens on it."""
    ground = Ground(folder, ledger_url)
    try:
        await ground.up()
        yield ground
    finally:
        await ground.down()


def _topology(ports: Mapping[str, int], peers: Mapping[str, int]) -> dict[str, object]:
    """Everything that waits waits briefly. The heartbeat timeout is as short as a planned handover lets it be."""
    grids = {"eu-north": "europe-north1", "eu-west": "europe-west4"}
    return {
        "regions": [
            {
                "id": region,
                "grid": grids[region],
                "price_usd_per_hour": 0.04,
                "power_kw": 0.015,
                "slots": 2,
                "cluster": cluster,
            }
            for region, cluster in REGIONS.items()
        ],
        "clusters": [
            {
                "name": cluster,
                "address": f"{HOST}:{ports[cluster]}",
                "peer_address": f"{HOST}:{peers[cluster]}",
                "initial_failover_version": number,
            }
            for number, cluster in enumerate(REGIONS.values(), start=1)
        ],
        "health": {"heartbeat_age_limit_seconds": 12},
        "run": {
            "target_shard_seconds": 5,
            "shard_timeout_seconds": 120,
            "hang_timeout_seconds": 60,
            "heartbeat_timeout_seconds": 20,
            "schedule_to_start_timeout_seconds": 15,
        },
        "decision": {
            "person_deadline_seconds": 3600,
            "reminder_after_seconds": 1800,
            "blocked_open_seconds": 3600,
            "placement_deadline_seconds": 3600,
        },
        "stack": {"restart_after_seconds": RESTART_SECONDS},
        "failover": {
            "home": "north",
            "quiet_seconds": 20,
            "min_interval_seconds": 2,
            "max_interval_seconds": 5,
            "controller_lease_seconds": 4,
            "slo": {"recover_seconds": 6},
        },
    }


def _write_policies(folder: Path) -> None:
    """Those that are shipped, except that the bound tenant waits for no person: a drill has none."""
    shutil.copytree(policies_dir(), folder)
    data = folder / "tenants" / "data.yaml"
    tenants = yaml.safe_load(data.read_text(encoding="utf-8"))
    usual = tenants["default"]
    tenants[BOUND_TENANT] = usual | {"residency": tenants[BOUND_TENANT]["residency"]}
    # As JSON, which is YAML too: the writer of YAML makes aliases of what two tenants share, and those are refused.
    data.write_text(json.dumps(tenants), encoding="utf-8")
