"""The local stack as tests use it: by the real command, in a home of its own, on free ports, ended with its owner."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from workers.stack.state import StackState

TOPOLOGY = Path(__file__).with_name("topology.yaml")
COMMAND = Path(sys.executable).with_name("maestro")
LIMIT_SECONDS = 300
"""Only so that a command that hangs fails its test instead of the whole run."""


@dataclass(frozen=True)
class LocalStack:
    """A home and the environment that makes every command use it. Commands run as a user runs them."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAESTRO_", "TEMPORAL_"))}
        return kept | {
            "MAESTRO_HOME": str(self.home),
            "MAESTRO_TOPOLOGY": str(TOPOLOGY),
            "MAESTRO_TEMPORAL_PORT": "auto",
            "MAESTRO_UI_PORT": "auto",
            "MAESTRO_GATEWAY_PORT": "off",
            "MAESTRO_STACK_WHILE_PID": str(os.getpid()),
            **self.variables,
        }

    def maestro(self, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``maestro`` to its end."""
        return self.run(str(COMMAND), *arguments, folder=folder)

    def run(self, *command: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=self.environment,
            cwd=folder or self.home.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_SECONDS,
        )

    def up(self) -> StackState:
        """Start it, or see that it is up."""
        started = self.maestro("up")
        if "is in use" in started.stderr:
            # Another server took the port between its choice and its use; the next try chooses others.
            started = self.maestro("up")
        assert started.returncode == 0, started.stderr
        return self.state()

    def state(self) -> StackState:
        return StackState.model_validate_json((self.home / "stack.json").read_bytes())

    def processes(self) -> dict[str, psutil.Process]:
        """The processes of the stack that run, by name, the supervisor among them."""
        found = {name: process.find() for name, process in self.state().processes()}
        return {name: process for name, process in found.items() if process is not None}
