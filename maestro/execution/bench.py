"""A workbench: one worktree with its sandbox, in which builds and tests are run and watched.

Whatever the isolation is, the command sees the same folders under the names that ``source`` and ``output`` give.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from maestro.execution.places import Places
from maestro.execution.process import Command, Ended, Limits, Tick, run
from maestro.execution.sandbox import Mount, Sandbox, View
from maestro.execution.settings import ExecutionSettings, Isolation
from maestro.execution.worktree import Worktree
from maestro.model.base import Model

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"

_TEMPORARY = Path("/tmp")  # noqa: S108 - the sandbox's own, which is the worktree's scratch folder outside


class Access(Model):
    """What one command may use beside the worktree: folders at their own places, variables, the network."""

    mounts: tuple[Mount, ...] = ()
    variables: dict[str, str] = Field(default_factory=dict)
    path: str = SYSTEM_PATH
    network: bool = False
    connect_ports: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Bench:
    """Runs commands on ``worktree``. ``sandbox`` decides how much of the machine they see."""

    worktree: Worktree
    sandbox: Sandbox
    places: Places
    settings: ExecutionSettings

    @property
    def isolated(self) -> bool:
        return self.sandbox.isolation is not Isolation.NONE

    @property
    def source(self) -> Path:
        """Where a command finds the worktree."""
        return self.places.source if self.isolated else self.worktree.source

    def output(self, folder: Path) -> Path:
        """Where a command finds the output folder that it was given."""
        return self.places.output if self.isolated else folder

    async def run(
        self,
        argv: tuple[str, ...],
        *,
        access: Access,
        output: Path,
        log: Path,
        total_seconds: float,
        answer: Path | None = None,
        tick: Tick | None = None,
    ) -> Ended:
        """Run ``argv`` in the worktree with ``output`` as the one other folder that it may write to."""
        mounts = (
            Mount(outside=self.worktree.scratch, inside=_TEMPORARY, writable=True),
            Mount(outside=self.worktree.source, inside=self.places.source, writable=True),
            Mount(outside=output, inside=self.places.output, writable=True),
            *access.mounts,
        )
        view = View(
            mounts=mounts,
            folder=self.places.source,
            network=access.network,
            connect_ports=access.connect_ports,
            protected_ports=self.settings.protected_ports,
        )
        command = Command(
            argv=self.sandbox.wrap(argv, view),
            cwd=self.worktree.source,
            variables=self._variables(access),
            mark=self.worktree.mark,
        )
        limits = Limits(
            total_seconds=total_seconds,
            hang_seconds=self.settings.hang_timeout_seconds,
            output_bytes=self.settings.output_limit_bytes,
            grace_seconds=self.settings.grace_seconds,
        )
        return await run(command, limits=limits, log=log, answer=answer, tick=tick)

    def _variables(self, access: Access) -> dict[str, str]:
        (self.worktree.scratch / "home").mkdir(exist_ok=True)
        temporary = _TEMPORARY if self.isolated else self.worktree.scratch
        return {
            "HOME": str(temporary / "home"),
            "LANG": "C.UTF-8",
            "LOGNAME": "maestro",
            "PATH": access.path,
            "TMPDIR": str(temporary),
            "USER": "maestro",
            # Without it a git that a test starts would search for a repository above the worktree.
            "GIT_CEILING_DIRECTORIES": os.fspath(self.source.parent),
            "CI": "true",
            **access.variables,
        }
