"""Reads which packages a repository depends on, from the files that declare or lock them. Names only, normalized.

Nothing is resolved or downloaded, so what a declared package pulls in is known only where there is a lock file, and a
file that another one includes counts only under a name of its own that says what it is.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from maestro.errors import BadInput

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?=\s*(?:$|[\[@<>=!~;(,]))")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
_WHEEL = re.compile(r"([A-Za-z0-9._]+)-[^/-]+(?:-[^/-]+){3,4}\.whl(?:$|[#?])")


def is_dependency_file(path: str) -> bool:
    """Whether ``dependency_names`` can read the file of this path."""
    pure = PurePosixPath(path)
    return _is_toml(pure.name) or (pure.suffix == ".txt" and "requirements" in (pure.stem + "/" + pure.parent.name))


def dependency_names(files: Mapping[str, str]) -> tuple[str, ...]:
    """The sorted names in ``files`` (path to content). ``BadInput`` names an unreadable file at the top, which would
    hide what the project needs. Unreadable ones below are passed over: test data, mostly, and no installer reads them.
    """
    found: set[str] = set()
    for path, content in files.items():
        name = PurePosixPath(path).name
        found.update(_toml_names(_toml(path, content), name) if _is_toml(name) else _requirements(content))
    return tuple(sorted(map(normalized, found)))


def normalized(name: str) -> str:
    """The name as package indexes spell it: lower case, runs of dash, dot and underscore as one dash."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_toml(name: str) -> bool:
    return name in {"pyproject.toml", "uv.lock", "poetry.lock"} or bool(re.fullmatch(r"pylock(\.[^.]+)?\.toml", name))


def _requirements(content: str) -> Iterator[str]:
    for raw in content.replace("\\\n", " ").splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        if egg := _EGG.search(raw):
            yield egg[1]
        elif wheel := _WHEEL.search(line):
            yield wheel[1]
        elif name := _NAME.match(line.split(" --", 1)[0]):
            yield name[0]


def _toml(path: str, content: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        if "/" in path:
            return {}
        raise BadInput(f"the file is not TOML: {error}", field=path, fix="correct it; placement reads it") from error


def _toml_names(data: dict[str, Any], file_name: str) -> Iterator[str]:
    if file_name != "pyproject.toml":
        for package in (*_list(data.get("package")), *_list(data.get("packages"))):
            if isinstance(name := _table(package).get("name"), str):
                yield name
        return
    project, tool = _table(data.get("project")), _table(data.get("tool"))
    yield from _requirement_list(project.get("dependencies"))
    yield from _requirement_list(_table(data.get("build-system")).get("requires"))
    yield from _requirement_list(_table(tool.get("uv")).get("dev-dependencies"))
    for group in (
        *_table(project.get("optional-dependencies")).values(),
        *_table(data.get("dependency-groups")).values(),
    ):
        yield from _requirement_list(group)
    poetry = _table(tool.get("poetry"))
    groups = [_table(group).get("dependencies") for group in _table(poetry.get("group")).values()]
    for table in (poetry.get("dependencies"), poetry.get("dev-dependencies"), *groups):
        yield from (name for name in _table(table) if name != "python")


def _requirement_list(value: object) -> Iterator[str]:
    for item in _list(value):
        if isinstance(item, str):
            yield from _requirements(item)


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
