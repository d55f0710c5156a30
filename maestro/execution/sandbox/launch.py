"""How the launcher script is started: with the base interpreter, isolated, and its plan as one JSON argument."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from maestro.execution.sandbox.view import Mount, mount

LAUNCHER = Path(__file__).with_name("launcher.py")


def launcher_argv(stage: str, plan: Mapping[str, object], argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command line of one stage of the launcher that ends in ``argv``."""
    return (base_python(), "-I", "-S", str(LAUNCHER), stage, json.dumps(plan), *argv)


def landlock_argv(argv: tuple[str, ...], *, connect_ports: tuple[int, ...]) -> tuple[str, ...]:
    """``argv`` with TCP connections to any other port refused."""
    return launcher_argv("landlock", {"connect_ranges": port_ranges(connect_ports)}, argv)


def base_python() -> str:
    """The interpreter below any virtual environment, which every sandbox can see."""
    return str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())


def launcher_mount() -> Mount:
    """The script, at its own place."""
    return mount(LAUNCHER)


def port_ranges(ports: tuple[int, ...]) -> list[tuple[int, int]]:
    """Ports as first and last of each run of neighbours: almost all ports must fit into one argument."""
    ranges: list[tuple[int, int]] = []
    for port in sorted(set(ports)):
        if ranges and ranges[-1][1] == port - 1:
            ranges[-1] = (ranges[-1][0], port)
        else:
            ranges.append((port, port))
    return ranges
