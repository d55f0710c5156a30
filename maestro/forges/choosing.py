"""Which forge a pull request belongs to: one that is configured, or plain git where none is.

A forge is opened when it is first used, with the secrets that its files have then, and closed at the end. ``open`` does
it for all at once, so that what is configured wrongly is refused before anything starts.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, Self, assert_never

from maestro.config.gateway import ForgeConfig
from maestro.errors import BadInput
from maestro.execution.places import Places
from maestro.forges.forge import Forge, StatusForge
from maestro.forges.github import AppAccess, GitHub, TokenAccess
from maestro.forges.http import Secret
from maestro.forges.plain_git import PlainGit
from maestro.forges.pulls import Pulls
from maestro.model.pull_request import PullRequest


class OpenForge(StatusForge, Protocol):
    """A forge with connections that somebody has to close."""

    @property
    def pulls(self) -> Pulls: ...

    async def git_token(self, repo: str, /) -> Secret:
        """What git is let in with at ``repo``. Raises BadInput where the forge gives us nothing for it,
        PlatformUnavailable where it does not answer.
        """
        ...

    async def close(self) -> None: ...


Opening = Callable[[ForgeConfig], OpenForge]


def config_of(configs: tuple[ForgeConfig, ...], pull_request: PullRequest) -> ForgeConfig | None:
    """The forge that the pull request's repository lies at, by its address and by its name there; None for no forge."""
    return next((each for each in configs if each.repo_of(pull_request.repository) == pull_request.repo), None)


def require_shown(configs: tuple[ForgeConfig, ...], pull_request: PullRequest) -> None:
    """Raises BadInput where no forge would show a status of the pull request's head."""
    if config_of(configs, pull_request) is None:
        raise BadInput(
            f"{pull_request.repository} is at no forge of the topology, so nothing would show a status",
            field="--status",
            fix="name the forge under forges, and give the address that its clone_url begins; or leave out --status",
        )


def opened(config: ForgeConfig) -> OpenForge:
    """The forge with who we are there. Raises BadInput, naming the file, for secrets that cannot be used."""
    match config.kind:
        case "github":
            access = _github_access(config)
            try:
                return GitHub(access, base_url=config.url)
            except BadInput as error:
                where = config.private_key_file or f"forges.{config.name}"
                raise BadInput(error.message, field=str(where), fix=error.fix) from error
        case "gitea":
            # Not at the top: whoever has no Gitea need not load it.
            from maestro.forges.gitea import Gitea  # noqa: PLC0415

            return Gitea(_token(config), base_url=config.url)
        case _:
            assert_never(config.kind)


class Forges:
    """The forges of a process. ``opening`` makes one of its configuration; tests give their own."""

    def __init__(self, configs: tuple[ForgeConfig, ...], places: Places, *, opening: Opening = opened) -> None:
        self.configs: Mapping[str, ForgeConfig] = MappingProxyType({config.name: config for config in configs})
        self._plain = PlainGit(places)
        self._opening = opening
        self._open: dict[str, OpenForge] = {}
        # Two threads that first use a forge must not each open one of it.
        self._lock = threading.Lock()

    @classmethod
    def from_config(cls, configs: tuple[ForgeConfig, ...], places: Places) -> Self:
        """Those of a topology; none is opened yet."""
        return cls(configs, places)

    def of(self, pull_request: PullRequest) -> Forge:
        """Where the pull request is commented on and merged."""
        return self.shown_at(pull_request) or self._plain

    def shown_at(self, pull_request: PullRequest) -> OpenForge | None:
        """The forge that shows statuses of the pull request's head, or None: plain git shows none."""
        config = config_of(tuple(self.configs.values()), pull_request)
        return None if config is None else self.named(config.name)

    def named(self, name: str) -> OpenForge:
        """The forge of this name in the topology. Raises BadInput for another, and as ``opened`` does."""
        config = self.configs.get(name)
        if config is None:
            known = ", ".join(self.configs) or "none is configured"
            raise BadInput(f"the topology has no forge {name!r}", field="forges", fix=f"use one of: {known}")
        with self._lock:
            if name not in self._open:
                self._open[name] = self._opening(config)
            return self._open[name]

    def open(self) -> None:
        """Open every forge. Nothing is sent. Raises BadInput for the first that cannot be opened."""
        for name in self.configs:
            self.named(name)

    async def close(self) -> None:
        """Let go of every connection; what is used afterwards is opened anew."""
        with self._lock:
            forges, self._open = tuple(self._open.values()), {}
        await asyncio.gather(*(forge.close() for forge in forges))


def _github_access(config: ForgeConfig) -> AppAccess | TokenAccess:
    if config.private_key_file is None:
        return TokenAccess(token=_token(config))
    what = f"the private key of the forge {config.name}"
    return AppAccess(app_id=config.app_id, private_key=_secret(config.private_key_file, what=what))


def _token(config: ForgeConfig) -> Secret:
    what = f"the token of the forge {config.name}"
    if config.token_file is None:
        raise BadInput(f"{what} is not given", field=f"forges.{config.name}", fix="name token_file")
    return _secret(config.token_file, what=what)


def _secret(path: Path, *, what: str) -> Secret:
    if not path.exists():
        raise BadInput(f"there is no such file for {what}", field=str(path), fix="put it there, or correct the path")
    return Secret.from_file(path, what=what)
