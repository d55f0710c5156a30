"""What git asks at a forge that wants to know who is there: ``python -m maestro.forges.credential NAME get``.

Git's protocol for credential helpers, on standard input and output. It answers for repositories below the forge's
``clone_url`` and for nothing else, wherever a redirect led. Nothing is kept: what git wants stored is let go.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from maestro.config.gateway import ForgeConfig, is_private
from maestro.errors import BadInput, MaestroError
from maestro.execution.access import Access
from maestro.forges.choosing import OpenForge, opened
from maestro.forges.http import Secret
from maestro.forges.lending import VARIABLE, lent

USER = "x-access-token"
"""GitHub's name for whoever comes with a token; Gitea takes any."""

LIMIT_CHARACTERS = 65_536
"""Of a question; git's own are some hundred."""

_PORTS = {"https": 443, "http": 80}


def main() -> int:
    """Answer git. A problem is told on standard error, and git to ask nobody else."""
    name, operation = (*sys.argv[1:3], "", "")[:2]
    # Read whatever is asked: git would write into a pipe that nobody reads.
    asked = read(sys.stdin.read(LIMIT_CHARACTERS))
    if operation != "get":
        return 0
    try:
        config = lent(name, os.environ.get(VARIABLE, ""))
        repo = repo_asked_for(config, asked)
        if repo is None:
            return 0
        token = asyncio.run(token_for(config, repo))
    except MaestroError as error:
        sys.stderr.write(f"{Access.of(error).line()}\n")
        sys.stdout.write("quit=1\n")
        return 0
    sys.stderr.write(f"{_where_refused(config, repo).line()}\n")
    sys.stdout.write(f"username={USER}\npassword={token.reveal()}\n")
    return 0


def read(said: str) -> dict[str, str]:
    """What git asks, as ``key=value`` by line."""
    pairs = (line.partition("=") for line in said.split("\n"))
    return {key: value for key, is_pair, value in pairs if is_pair}


def repo_asked_for(config: ForgeConfig, asked: Mapping[str, str]) -> str | None:
    """The ``owner/name`` below the forge's ``clone_url`` that git is asked to say who it is for; None elsewhere."""
    at = urlsplit(config.clone_url)
    if _origin(asked.get("protocol", ""), asked.get("host", "")) != _origin(at.scheme, at.netloc):
        return None
    # Git asks with escapes taken back.
    above, path = unquote(at.path.lstrip("/")), asked.get("path", "").strip("/")
    if above and not path.startswith(f"{above}/"):
        return None
    parts = path.removeprefix(f"{above}/" if above else "").removesuffix(".git").split("/")
    is_repo = len(parts) == 2 and all(part and part.strip(".") for part in parts)
    return "/".join(parts) if is_repo else None


async def token_for(config: ForgeConfig, repo: str, *, opening: Callable[[ForgeConfig], OpenForge] = opened) -> Secret:
    """What lets git in at ``repo``. Raises BadInput, naming the file or the setting, where a person has to mend it;
    PlatformUnavailable where the forge does not answer.
    """
    if not is_private(config.clone_url):
        raise BadInput(
            f"whoever sits on the way to {config.clone_url} could read the forge's token, so git is not given it",
            field=f"forges.{config.name}.clone_url",
            fix="give an address that begins https://",
        )
    forge = opening(config)
    try:
        token = await forge.git_token(repo)
    finally:
        await forge.close()
    if not token.reveal().isprintable():
        raise BadInput(
            f"the token of the forge {config.name} is no single line", field=_file(config), fix="put the token there"
        )
    return token


def _where_refused(config: ForgeConfig, repo: str) -> Access:
    """What is to be mended where the forge does not take what git is given."""
    key = "private_key_file" if config.private_key_file else "token_file"
    means = "the App's key" if config.private_key_file else "the token"
    return Access(
        outcome="given",
        message=f"the forge {config.name} does not let git at {repo} by {means} of forges.{config.name}.{key}",
        field=_file(config),
        fix=f"let it read {repo}, and write where something is pushed (docs/forges), or put another one there; "
        "then conduct the head again",
    )


def _file(config: ForgeConfig) -> str:
    return str(config.private_key_file or config.token_file)


def _origin(scheme: str, place: str) -> tuple[str, str]:
    """Compared as it is spelt: what is parsed in two ways could be two places."""
    return scheme, place.lower().removesuffix(f":{_PORTS.get(scheme, '')}")


if __name__ == "__main__":
    sys.exit(main())
