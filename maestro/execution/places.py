"""Where this room keeps things under Maestro's home, and the paths that a command inside a sandbox sees."""

from pathlib import Path
from typing import Self

from maestro.model.base import Model


class Places(Model):
    """Folders of this room. ``source`` and ``output`` stay empty on disk: a sandbox mounts the worktree and the
    run's output folder there, so that one environment, whose editable install names ``source``, serves every head.
    """

    mirrors: Path
    environments: Path
    worktrees: Path
    cache: Path
    source: Path
    output: Path

    @classmethod
    def under(cls, home: Path) -> Self:
        """The folders under ``home``, created where missing and closed to other users."""
        base = home.absolute()
        mount = base / "mnt"
        places = cls(
            mirrors=base / "mirrors",
            environments=base / "environments",
            worktrees=base / "worktrees",
            cache=base / "cache" / "uv",
            source=mount / "src",
            output=mount / "out",
        )
        base.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in places.model_dump().values():
            folder.mkdir(parents=True, exist_ok=True)
        return places
