"""What the settings of a repository name: plugins of every test run, commands, and scripts of the build.

Read as text, because the same things stand in TOML, INI and Python; a name too many costs tests, never a failure.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SETTINGS_FILES = frozenset(
    {".pytest.ini", ".pytest.toml", "pyproject.toml", "pytest.ini", "pytest.toml", "setup.cfg", "setup.py", "tox.ini"}
)
_SIZE_LIMIT_BYTES = 1_000_000

_PLUGIN = re.compile(r"""(?<![\w-])-p["',\s]{0,4}([A-Za-z_][\w.]{0,200})""")
_DJANGO = re.compile(r"""DJANGO_SETTINGS_MODULE\W{1,10}([A-Za-z_][\w.]{0,200})""")
_ENTRY_GROUP = re.compile(r"""pytest11["'\]]{0,3}([^\[]{0,2000})""")
_ENTRY = re.compile(r"""=[ \t]{0,8}["']?([A-Za-z_][\w.]{0,200})""")
_COMMAND = re.compile(
    r"""^[ \t"'\[]{0,80}([\w.-]{1,80})["']?[ ]{0,40}=[ ]{0,8}["']?([A-Za-z_][\w.]{0,200}):""", re.MULTILINE
)
_SCRIPT = re.compile(r"""["'=\s/]([\w-]{1,100}\.py)\b""")


@dataclass(frozen=True, slots=True)
class Settings:
    """``plugins`` are modules that every test run loads, ``commands`` maps a console script to its module,
    ``scripts`` are the base names of Python files that the build or the tools call.
    """

    plugins: frozenset[str]
    commands: Mapping[str, str]
    scripts: frozenset[str]


def read_settings(worktree: Path, files: Iterable[str]) -> Settings:
    """Read every settings file among ``files``, at any depth; ``OSError`` when one cannot be read."""
    plugins: set[str] = set()
    commands: dict[str, str] = {}
    scripts: set[str] = set()
    for file in sorted(files):
        if posixpath.basename(file) in SETTINGS_FILES:
            with (worktree / file).open("rb") as stream:
                text = stream.read(_SIZE_LIMIT_BYTES).decode(errors="replace")
            plugins.update(_PLUGIN.findall(text), _DJANGO.findall(text))
            plugins.update(name for group in _ENTRY_GROUP.findall(text) for name in _ENTRY.findall(group))
            commands.update(_COMMAND.findall(text))
            scripts.update(_SCRIPT.findall(text))
    return Settings(frozenset(plugins), commands, frozenset(scripts))
