"""What the owner of a repository has decided, in its own git configuration under ``maestro.``; pushers cannot write it.

The variables that lead to the stack stand there too, because a hook runs in the environment of whatever serves git.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator

from maestro.errors import BadInput
from maestro.execution.git import ask
from maestro.execution.resolve import is_address
from maestro.model.base import Model
from maestro.model.pull_request import AuthorKind, Publishing

FOR_REVIEW = "refs/for"
PROC_RECEIVE_REFS = "receive.procReceiveRefs"
PUSH_OPTIONS = "receive.advertisePushOptions"

VARIABLES = ("MAESTRO_", "TEMPORAL_")
"""How the variables begin that the configuration may set."""

LONGEST_WAIT_SECONDS = 4 * 3600.0
"""Longer than any push should stand open: the connection, and a process here, are held all the while."""


class HookSettings(Model):
    """What holds for every push for review of one repository.

    ``name`` and ``address`` are the repository's short name and where regions fetch from and push to, empty for those
    of its path. ``publish`` says what may be written into it: a comment is then always written, a merge is made where
    the pusher asks for it. ``wait_seconds`` is how long a push waits for the verdict.
    """

    tenant: str = Field(default="default", min_length=1)
    name: str = Field(default="", pattern=r"^([A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*)?$")
    address: str = ""
    publish: frozenset[Publishing] = frozenset({"comment"})
    author_kind: AuthorKind = AuthorKind.HUMAN
    wait_seconds: float = Field(default=600.0, ge=1, le=LONGEST_WAIT_SECONDS)
    environment: dict[str, str] = Field(default_factory=dict)

    @field_validator("address")
    @classmethod
    def _can_be_fetched(cls, address: str) -> str:
        if address and not is_address(address) and not Path(address).is_absolute():
            raise ValueError("it is neither an address that git can fetch nor an absolute path")
        if "://" in address and urlsplit(address).password is not None:
            raise ValueError("it carries a password, which would stand in histories and cards")
        return address


KEYS = {
    "maestro.tenant": "tenant",
    "maestro.name": "name",
    "maestro.address": "address",
    "maestro.publish": "publish",
    "maestro.authorkind": "author_kind",
    "maestro.waitseconds": "wait_seconds",
    "maestro.environment": "environment",
}
"""By the names that git gives back, which are in small letters."""

PUSH_OPTIONS_BEFORE = "maestro.pushoptionsbefore"
"""Kept by the installation alone: how ``receive.advertisePushOptions`` was before."""


def settings_of(folder: Path) -> HookSettings:
    """The settings of the repository in ``folder``. Raises ``BadInput`` that names the key and the fix."""
    return read(configured(folder, "maestro"))


def read(values_by_key: Mapping[str, Sequence[str]]) -> HookSettings:
    """Settings by their keys in git's configuration. Raises ``BadInput`` that names the key and the fix."""
    found: dict[str, object] = {}
    for written, values in values_by_key.items():
        key = written.lower()
        if key == PUSH_OPTIONS_BEFORE:
            continue
        if key not in KEYS:
            raise BadInput("there is no such setting", field=key, fix=f"git config --unset {key}; known: {_known()}")
        found[KEYS[key]] = _value(key, values)
    try:
        return HookSettings.model_validate(found)
    except ValidationError as error:
        [first, *_] = error.errors()
        key = next(key for key, name in KEYS.items() if name == first["loc"][0])
        raise BadInput(first["msg"], field=key, fix=f"correct it with git config {key} VALUE") from error


def configured(folder: Path, section: str) -> dict[str, tuple[str, ...]]:
    """The values of each key of ``section`` in the repository's own configuration."""
    answer = ask(folder, "config", "--local", "--null", "--get-regexp", f"^{section}\\.")
    found: dict[str, tuple[str, ...]] = {}
    for entry in answer.output.split("\0") if answer.ok else ():
        key, _, value = entry.partition("\n")
        if key:
            found[key] = (*found.get(key, ()), value)
    return found


def use(settings: HookSettings) -> None:
    """Let this process find the stack that the repository belongs to."""
    os.environ.update(settings.environment)


def _value(key: str, values: Sequence[str]) -> object:
    match key:
        case "maestro.publish":
            return frozenset(word for value in values for word in value.replace(",", " ").split())
        case "maestro.environment":
            return dict(_variable(value) for value in values)
        case _:
            return values[-1]


def _variable(entry: str) -> tuple[str, str]:
    name, is_pair, value = entry.partition("=")
    if not is_pair or not name.startswith(VARIABLES):
        raise BadInput(
            f"{name!r} is no NAME=VALUE of a variable that begins {' or '.join(VARIABLES)}",
            field="maestro.environment",
            fix="let `maestro hooks install` write it, or correct it with git config",
        )
    return name, value


def _known() -> str:
    return ", ".join(KEYS)
