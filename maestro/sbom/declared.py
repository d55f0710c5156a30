"""Names what a project asks for where no lock file says which versions it gets.

A manifest without its lock file is never passed over: what it asks for has no exact version.
"""

import configparser
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from maestro.errors import BadInput
from maestro.sbom.locked import Ecosystem, normal_name, requirement
from maestro.sbom.requirements import is_requirements
from maestro.sbom.untrusted import json_of, refuse, rows, table, text_of, toml_of, word

_LOCAL: Final = ("file:", "link:", "workspace:", "portal:")
_NPM_KINDS: Final = ("dependencies", "devDependencies", "optionalDependencies")
_CARGO_KINDS: Final = ("dependencies", "dev-dependencies", "build-dependencies")


def of_pyproject(content: bytes) -> list[str]:
    """What ``pyproject.toml`` asks for: PEP 621 with its extras, PEP 735 groups, and Poetry's own tables. What only
    builds the project (``build-system``) is not asked for by it.
    """
    data = toml_of(content)
    project, tool = table(data.get("project"), "project"), table(data.get("tool"), "tool")
    _require_static(project, tool)
    asked = [
        *rows(project.get("dependencies"), "dependencies"),
        *_all(project.get("optional-dependencies"), "optional-dependencies"),
        *(each for each in _all(data.get("dependency-groups"), "dependency-groups") if isinstance(each, str)),
        *rows(table(tool.get("uv"), "tool.uv").get("dev-dependencies"), "dev-dependencies"),
    ]
    own = project.get("name")
    poetry = table(tool.get("poetry"), "tool.poetry")
    groups = [table(each, "a group") for each in table(poetry.get("group"), "group").values()]
    tables = [poetry, {"dependencies": poetry.get("dev-dependencies")}, *groups]
    names = [_required(each) for each in asked]
    names += [name for each in tables for name in _poetry_names(each)]
    itself = normal_name(Ecosystem.PYPI, own) if isinstance(own, str) else ""
    return [name for name in names if name != itself]


def of_setup_cfg(content: bytes) -> list[str]:
    """What ``setup.cfg`` asks for in ``[options]``."""
    reader = configparser.ConfigParser(interpolation=None)
    try:
        reader.read_string(text_of(content))
    except configparser.Error as error:
        refuse(f"it is no configuration: {error.message}")
    texts = [reader.get("options", "install_requires", fallback="")]
    if reader.has_section("options.extras_require"):
        texts += [value for _, value in reader.items("options.extras_require")]
    lines = [line.strip() for text in texts for part in text.split(";\n") for line in part.splitlines()]
    if any(line.startswith("file:") for line in lines):
        return []
    return [_required(line) for line in lines if line and not line.startswith("#")]


def of_pipfile(content: bytes) -> list[str]:
    """What ``Pipfile`` asks for."""
    data = toml_of(content)
    asked = {
        name: about for kind in ("packages", "dev-packages") for name, about in table(data.get(kind), kind).items()
    }
    return [
        normal_name(Ecosystem.PYPI, name)
        for name, about in asked.items()
        if not (isinstance(about, dict) and "path" in about)
    ]


def of_package_json(content: bytes) -> list[str]:
    """What ``package.json`` asks for outside the repository."""
    data = json_of(content)
    return [
        name
        for kind in _NPM_KINDS
        for name, wanted in table(data.get(kind), kind).items()
        if not (isinstance(wanted, str) and wanted.startswith(_LOCAL))
    ]


def of_cargo_toml(content: bytes) -> list[str]:
    """What ``Cargo.toml`` asks for outside the repository."""
    data = toml_of(content)
    targets = [table(each, "a target") for each in table(data.get("target"), "target").values()]
    found = []
    for holder in (data, table(data.get("workspace"), "workspace"), *targets):
        for kind in _CARGO_KINDS:
            for name, about in table(holder.get(kind), kind).items():
                is_own = isinstance(about, dict) and ("path" in about or about.get("workspace") is True)
                if not is_own:
                    found.append(about.get("package", name) if isinstance(about, dict) else name)
    return [word(name, "the name of a dependency") for name in found]


def of_composer_json(content: bytes) -> list[str]:
    """What ``composer.json`` asks for; the platform's own parts have no slash in their name."""
    data = json_of(content)
    asked = [name for kind in ("require", "require-dev") for name in table(data.get(kind), kind)]
    return [normal_name(Ecosystem.PACKAGIST, name) for name in asked if "/" in name]


PYTHON_LOCKS: Final = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml")

MANIFESTS: Final[dict[str, tuple[Ecosystem, Callable[[bytes], list[str]], tuple[str, ...]]]] = {
    "pyproject.toml": (Ecosystem.PYPI, of_pyproject, PYTHON_LOCKS),
    "setup.cfg": (Ecosystem.PYPI, of_setup_cfg, PYTHON_LOCKS),
    "Pipfile": (Ecosystem.PYPI, of_pipfile, PYTHON_LOCKS),
    "package.json": (
        Ecosystem.NPM,
        of_package_json,
        ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"),
    ),
    "Cargo.toml": (Ecosystem.CRATES, of_cargo_toml, ("Cargo.lock",)),
    "composer.json": (Ecosystem.PACKAGIST, of_composer_json, ("composer.lock",)),
}
"""Manifests by file name: how they are read, and the lock files that answer for them."""

UNREADABLE_MANIFESTS: Final[dict[str, tuple[str, ...]]] = {
    "pom.xml": (),
    "build.gradle": ("gradle.lockfile",),
    "build.gradle.kts": ("gradle.lockfile",),
    "Gemfile": ("Gemfile.lock", "gems.locked"),
}
"""Manifests that are programs, or that need others from the network: unread, where no lock file answers for them."""

STATIC_PYTHON: Final = re.compile(r"^\[(?:project|tool\.poetry|options)\b", re.MULTILINE)
"""What a ``pyproject.toml`` or ``setup.cfg`` has that says itself what a project asks for."""


def _require_static(project: dict[str, Any], tool: dict[str, Any]) -> None:
    """Refuse dependencies that a program computes; those in requirements files of setuptools are read there."""
    if "dependencies" not in rows(project.get("dynamic"), "dynamic"):
        return
    dynamic = table(table(tool.get("setuptools"), "tool.setuptools").get("dynamic"), "tool.setuptools.dynamic")
    named = table(dynamic.get("dependencies"), "dependencies").get("file")
    files = [named] if isinstance(named, str) else rows(named, "file")
    if not files or not all(isinstance(each, str) and is_requirements(each) for each in files):
        refuse("its dependencies are dynamic: only its build would tell them")


def _all(value: object, what: str) -> list[Any]:
    return [each for group in table(value, what).values() for each in rows(group, what)]


def _required(value: object) -> str:
    text = word(value, "a dependency")
    read = requirement(text)
    if read is None:
        refuse(f"{text[:80]!r} is no dependency")
    return normal_name(Ecosystem.PYPI, read.name)


def _poetry_names(holder: dict[str, Any]) -> Iterable[str]:
    for name, about in table(holder.get("dependencies"), "dependencies").items():
        if name.lower() != "python" and not (isinstance(about, dict) and "path" in about):
            try:
                yield normal_name(Ecosystem.PYPI, name)
            except BadInput:
                refuse(f"{name[:80]!r} is no dependency")
