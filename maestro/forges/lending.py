"""Lends git what Maestro is known by at the forges of the topology, so that private repositories can be fetched.

Git's environment says which program to ask (``maestro/forges/credential.py``) when such a forge wants to know who is
there. The environment carries no secret: where the secrets lie stands in it, and each is read when it is asked for.
"""

import shlex
import sys
from collections.abc import Iterable, MutableMapping

from pydantic import TypeAdapter, ValidationError

from maestro.config.gateway import ForgeConfig
from maestro.errors import BadInput

VARIABLE = "MAESTRO_GIT_FORGES"
"""The forges, as a process tells them to the helper of its gits."""

_COUNT = "GIT_CONFIG_COUNT"
_FORGES = TypeAdapter(tuple[ForgeConfig, ...])


def lend(configs: Iterable[ForgeConfig], environment: MutableMapping[str, str]) -> None:
    """Let every git that gets ``environment`` ask us at these forges, and nobody else there.

    Raises BadInput where the environment's own configuration of git cannot be added to.
    """
    # Who else lives there (tenants, agents) is nothing that git has to do with.
    forges = tuple(config.model_copy(update={"tenants": {}, "agents": ()}) for config in configs)
    if not forges:
        return
    count = _count(environment)
    for key, value in (setting for forge in forges for setting in _settings(forge)):
        environment[f"GIT_CONFIG_KEY_{count}"] = key
        environment[f"GIT_CONFIG_VALUE_{count}"] = value
        count += 1
    environment[_COUNT] = str(count)
    environment[VARIABLE] = _FORGES.dump_json(forges).decode()


def lent(name: str, said: str) -> ForgeConfig:
    """The forge of this name in what ``VARIABLE`` says. Raises BadInput where it is not there."""
    try:
        return next(forge for forge in _FORGES.validate_json(said) if forge.name == name)
    except (ValidationError, StopIteration) as error:
        raise BadInput(
            f"nobody said where the forge {name!r} is",
            field=VARIABLE,
            fix="this program is for the git of a worker or a gateway, which set the variable",
        ) from error


def _settings(forge: ForgeConfig) -> tuple[tuple[str, str], ...]:
    # ``-E`` and ``-P``: neither variables nor the folder that git is in say what is imported.
    command = f"!{shlex.quote(sys.executable)} -E -P -m maestro.forges.credential {forge.name}"
    at = f"credential.{forge.clone_url}"
    return (
        # An empty one takes back the helpers of the user: they would be told our tokens to keep them, and asked first.
        (f"{at}.helper", ""),
        (f"{at}.helper", command),
        (f"{at}.useHttpPath", "true"),
    )


def _count(environment: MutableMapping[str, str]) -> int:
    said = environment.get(_COUNT) or "0"
    if not (said.isascii() and said.isdigit()):
        raise BadInput(f"{said!r} is no number", field=_COUNT, fix="correct or unset the variable")
    return int(said)
