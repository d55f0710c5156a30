"""Starting, asking and ending the local stack of this home, for commands. Blocking calls, with a line per step."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from maestro.config.gateway import PORT_VARIABLE
from maestro.config.topology import VARIABLE
from maestro.errors import PlatformUnavailable
from maestro.home import home
from workers.clusters.binary import SERVER, SQL_TOOL, find
from workers.clusters.plan import VARIABLE as CLUSTERS
from workers.clusters.plan import started
from workers.stack.child import kill, tail
from workers.stack.plan import (
    SERVER_GRACE_SECONDS,
    SERVER_PORT,
    UI_PORT,
    WORKER_GRACE_SECONDS,
    StackPlan,
    check_ports,
    check_rules,
    plan_stack,
    port_setting,
    prepare_home,
)
from workers.stack.state import PartStatus, StackState, StackStatus, forget_state, is_locked, read_state

UP_SECONDS = 180.0
"""How long a start may take altogether: a first start compiles every module, on a small and busy machine."""

DOWN_SECONDS = WORKER_GRACE_SECONDS + SERVER_GRACE_SECONDS + 5.0
"""When a supervisor that was asked to end is killed instead; its own graces end before."""

KILLED_SECONDS = 5.0
"""How long the system may take to end what was killed."""

POLL_SECONDS = 0.05

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Started:
    """A stack that is ready. ``already`` says that it was up, or being started by somebody else, before the call."""

    state: StackState
    already: bool


def current() -> StackState | None:
    """The stack of this home, ready or not, or None where none runs."""
    return read_state() if is_locked() else None


def up(tell: Tell, *, while_pid: int | None = None, clusters: bool = False) -> Started:
    """Have a stack that is ready: start it, or wait for the one that is there; ``clusters`` asks for joined clusters.

    Raises ``BadInput`` for a topology, policy, control or setting that cannot be used, ``PlatformUnavailable`` for a
    port in use, a home that cannot be written, a server that is nowhere, a part that does not start, or a stack of
    one server where clusters are asked for; then nothing of it keeps running.
    """
    state = current()
    if state is not None and state.status is StackStatus.STOPPING:
        tell("the stack that was here is still stopping: waiting for its end")
        _wait_for_end(state)
    if is_locked():
        found = _until_ready(tell, supervisor=None)
        if clusters and not found.clusters:
            raise PlatformUnavailable(
                "a stack of one server is up here",
                field="--clusters",
                fix="end it with `maestro down`, or set MAESTRO_HOME to another folder",
            )
        return Started(found, already=True)
    plan = plan_stack(while_pid=while_pid, clusters=clusters)
    prepare_home(plan.home)
    for line in clear_stale():
        tell(line)
    check_rules()
    check_ports(plan)
    return Started(_until_ready(tell, supervisor=_spawn(plan, _programs(plan, tell))), already=False)


def down(tell: Tell) -> bool:
    """End the stack of this home and say what ended; False where none was up."""
    state = current()
    if state is None:
        for line in clear_stale():
            tell(line)
        return False
    supervisor = state.supervisor.find()
    if supervisor is not None:
        supervisor.terminate()
    _wait_for_end(state)
    left = _end_all(state)
    for name, process in reversed(state.processes()):
        tell(f"stopped {name} (process {process.pid}){', by force' if name in left else ''}")
    forget_state()
    return True


def clear_stale() -> list[str]:
    """Clean up after a stack whose supervisor died; what was done, in sentences."""
    state = read_state()
    if state is None or is_locked():
        return []
    ended = _end_all(state)
    forget_state()
    if state.status is StackStatus.FAILED and not ended:
        return []
    lines = [
        f"a stack was left behind in {state.home} (its supervisor, process {state.supervisor.pid}, is gone): cleaned up"
    ]
    return lines + [f"ended {name}, which was still running" for name in ended]


def _programs(plan: StackPlan, tell: Tell) -> dict[str, str]:
    """The variables that name the programs of a stack of clusters, each built now where it has to be."""
    if not (plan.clustered and started(plan.topology)):
        return {}
    wanted = [SERVER, *([SQL_TOOL] if plan.topology.persistence.kind == "postgresql" else [])]
    return {program.variable: str(find(program, tell)) for program in wanted}


def _spawn(plan: StackPlan, programs: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "workers.stack"]
    if plan.while_pid is not None:
        command += ["--while-pid", str(plan.while_pid)]
    # What was decided here must not be decided again: a free port, a relative path. (The ports of clusters are chosen
    # by the supervisor, which is alone then; it says them in its state.)
    decided = {VARIABLE: str(plan.source), PORT_VARIABLE: port_setting(plan)}
    if plan.clustered:
        decided |= {CLUSTERS: "1", **programs}
    else:
        decided |= {SERVER_PORT: str(plan.port), UI_PORT: str(plan.ui_port)}
    environment = dict(os.environ) | decided
    with (plan.logs / "stack.log").open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=plan.home,
            start_new_session=True,
        )


def _until_ready(tell: Tell, *, supervisor: subprocess.Popen[bytes] | None) -> StackState:
    told: set[str] = set()
    give_up = time.monotonic() + UP_SECONDS
    while time.monotonic() < give_up:
        # Where two start at once, one supervisor ends at once and both wait for the other one.
        ended = not is_locked() and (supervisor is None or supervisor.poll() is not None)
        state = read_state()
        if state is not None:
            _tell_news(state, told, tell)
            if state.status is StackStatus.READY and not ended:
                return state
            if state.status is StackStatus.FAILED:
                _wait_for_end(state)
                raise PlatformUnavailable(state.problem, field="stack", fix=state.fix)
        if ended:
            log = home() / "logs" / "stack.log"
            raise PlatformUnavailable(
                f"the stack ended while it started\n{tail(log)}", field="stack", fix=f"read {log}"
            )
        time.sleep(POLL_SECONDS)
    raise PlatformUnavailable(
        f"the stack is not ready after {UP_SECONDS:.0f} s",
        field="stack",
        fix="see with `maestro status` what it waits for, then `maestro down`",
    )


def _wait_for_end(state: StackState) -> None:
    supervisor = state.supervisor.find()
    if supervisor is not None:
        psutil.wait_procs([supervisor], timeout=DOWN_SECONDS)


def _tell_news(state: StackState, told: set[str], tell: Tell) -> None:
    for part in state.parts:
        if part.status is PartStatus.READY and part.name not in told:
            told.add(part.name)
            tell(f"{part.name} is ready")


def _end_all(state: StackState) -> list[str]:
    """SIGKILL what is left of a stack without its supervisor; the names of what had to be killed."""
    found = [(name, process.find()) for name, process in state.processes()]
    running = [(name, process) for name, process in found if process is not None]
    kill([process for _, process in running])
    psutil.wait_procs([process for _, process in running], timeout=KILLED_SECONDS)
    return [name for name, _ in running]
