"""Reads Bundler's ``Gemfile.lock`` and ``gems.locked``. What lies at a path is the project's own."""

import re
from dataclasses import dataclass, field
from typing import Final

from maestro.sbom.locked import Content, Ecosystem, Known, Locked, Package, address, note, package
from maestro.sbom.untrusted import refuse, text_of

_LINE: Final = re.compile(r"( +)([A-Za-z0-9_.-]+)(?: \(([^)]*)\))?!?")
_SOURCES: Final = frozenset({"GEM", "GIT", "PATH", "PLUGIN SOURCE"})


@dataclass
class _Gems:
    """What has been read so far; ``current`` is the gem whose needs follow, None for one of the project's own."""

    known: Known = field(default_factory=dict)
    needs: dict[Package, list[str]] = field(default_factory=dict)
    origins: dict[Package, str] = field(default_factory=dict)
    direct: list[str] = field(default_factory=list)
    section: str = ""
    remote: str = ""
    current: Package | None = None


def read_gems(content: bytes) -> Content:
    """All gems, also those for one platform only, which count as the release that they are built from."""
    gems = _Gems()
    for line in text_of(content).splitlines():
        if not line.startswith(" "):
            gems.section, gems.remote, gems.current = line.strip() or gems.section, "", None
        elif line.startswith("  remote: "):
            gems.remote = line.partition(": ")[2]
        elif gems.section in _SOURCES and line.startswith("    "):
            _spec(line, gems)
        elif gems.section == "DEPENDENCIES":
            gems.direct.append(_parsed(line)[1])
    if not gems.section:
        refuse("it is empty")
    locked = tuple(
        Locked(this, (), gems.origins[this], tuple(each for name in names for each in gems.known.get(name, ())))
        for this, names in gems.needs.items()
    )
    return Content(locked, (), tuple(each for name in gems.direct for each in gems.known.get(name, ())))


def _spec(line: str, gems: _Gems) -> None:
    depth, name, version = _parsed(line)
    if depth == 4 and gems.section != "PATH":
        this = package(Ecosystem.RUBYGEMS, name, version.partition("-")[0])
        gems.current = this
        note(this, gems.known)
        gems.origins[this] = address(gems.remote) if gems.section == "GIT" else ""
        gems.needs.setdefault(this, [])
    elif depth > 4 and gems.current is not None:
        gems.needs[gems.current].append(name)
    elif depth > 4:
        gems.direct.append(name)


def _parsed(line: str) -> tuple[int, str, str]:
    matched = _LINE.fullmatch(line.rstrip())
    if matched is None:
        refuse(f"a line cannot be read: {line[:80]!r}")
    return len(matched[1]), matched[2], matched[3] or ""
