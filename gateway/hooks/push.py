"""One push as git hands it to a hook, and a hook's environment without what would confuse the git commands in it."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path

from maestro.errors import BadInput

_QUARANTINE = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")

_OF_THE_PUSH = (
    *_QUARANTINE,
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_PROTOCOL",
    "GIT_QUARANTINE_PATH",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
_BEGINNINGS = ("GIT_PUSH_", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")

_PUSHERS = ("GL_USERNAME", "GL_USER", "REMOTE_USER", "USER", "LOGNAME")
"""What the programs that serve git tell a hook about who pushes, the surest first."""

LIMIT_OPTIONS = 100


@dataclass(frozen=True)
class Push:
    """Where is pushed to, with which options, and ``pusher``: whom the transport names, for display only.

    ``quarantine`` are the variables with which git sees what is pushed before it is accepted.
    """

    folder: Path
    options: tuple[str, ...]
    pusher: str
    quarantine: dict[str, str]


def taken_from(environment: MutableMapping[str, str]) -> Push:
    """Read the push out of a hook's environment, and take everything of it out of there.

    Raises ``BadInput`` for a repository that is a namespace of another one.
    """
    if environment.get("GIT_NAMESPACE"):
        raise BadInput(
            "the repository is a namespace of another one",
            field="GIT_NAMESPACE",
            fix="serve it as a repository of its own to push for review",
        )
    push = Push(
        folder=Path(environment.get("GIT_DIR") or ".").absolute(),
        options=_options(environment),
        pusher=next((environment[name] for name in _PUSHERS if environment.get(name)), ""),
        quarantine={name: environment[name] for name in _QUARANTINE if name in environment},
    )
    for name in [*environment]:
        if name in _OF_THE_PUSH or name.startswith(_BEGINNINGS):
            del environment[name]
    return push


def _options(environment: MutableMapping[str, str]) -> tuple[str, ...]:
    number = int(environment.get("GIT_PUSH_OPTION_COUNT") or 0)
    if number > LIMIT_OPTIONS:
        raise BadInput(f"{number} push options are too many", field="push option", fix="say fewer")
    return tuple(environment.get(f"GIT_PUSH_OPTION_{index}", "") for index in range(number))
