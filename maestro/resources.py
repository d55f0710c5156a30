"""Finds the files that ship with Maestro: policies, controls, templates and the default topology.

They lie inside the package when Maestro is installed and at the top of the checkout when it is developed.
"""

import os
from pathlib import Path

from maestro.errors import PlatformUnavailable

_PACKAGE = Path(__file__).parent
_PLACES = (_PACKAGE / "_data", _PACKAGE.parent)
"""An installed copy comes first: beside an installed package a folder named ``policies`` may be anybody's."""


def resource_path(name: str) -> Path:
    """Where the shipped file or folder ``name`` is; ``PlatformUnavailable`` when the installation lacks it."""
    for place in _PLACES:
        candidate = place / name
        if candidate.exists():
            return candidate
    raise PlatformUnavailable(
        f"this installation of Maestro lacks {name!r}",
        field=name,
        fix="reinstall maestro-conductor, or run it from a complete checkout",
    )


def resource_dir(name: str) -> Path:
    """The shipped folder ``name``, one of ``policies``, ``controls`` and ``templates``."""
    path = resource_path(name)
    if not path.is_dir():
        raise PlatformUnavailable(
            f"{name!r} is a file where a folder belongs", field=name, fix="reinstall maestro-conductor"
        )
    return path


def policies_dir() -> Path:
    """The policies in force: the folder that ``MAESTRO_POLICIES`` names, else the shipped one."""
    return Path(os.environ.get("MAESTRO_POLICIES", "") or resource_dir("policies"))


def controls_dir() -> Path:
    """The control catalogue in force: the folder that ``MAESTRO_CONTROLS`` names, else the shipped one."""
    return Path(os.environ.get("MAESTRO_CONTROLS", "") or resource_dir("controls"))
