"""Reads a folder of policies: Rego modules and, as in an OPA bundle, ``<name>/data.yaml`` files under ``data.<name>``.

The digest covers everything that can change an answer and nothing else; test modules are left out of both.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, JsonValue, RootModel

from maestro.config.yamlfile import load
from maestro.errors import BadInput
from maestro.model.base import Model
from maestro.policy.data import Dependencies, FailoverRules, Tenants

DATA_FILE = "data.yaml"
TEST_SUFFIX = "_test.rego"

_CHECKED: dict[str, type[BaseModel]] = {
    "tenants": Tenants,
    "dependencies": Dependencies,
    "failover": FailoverRules,
}
"""Data whose shape the shipped policies rely on. Other folders hold data for policies of one's own."""


class AnyData(RootModel[dict[str, JsonValue]]):
    """Data that no model describes."""


class Bundle(Model):
    """Policies and data as text and values; ``modules`` by file name relative to the folder."""

    modules: dict[str, str]
    data: dict[str, JsonValue]
    digest: str


def read_bundle(directory: Path, *, with_tests: bool = False) -> Bundle:
    """The folder's policies; ``BadInput`` names file, line and field of data that cannot be used."""
    sources = dict(_sources(directory, with_tests=with_tests))
    if not sources:
        raise BadInput("the folder holds no policy", field=str(directory), fix="name a folder with *.rego files")
    data: dict[str, JsonValue] = {}
    digest = hashlib.sha256()
    for path in sorted(directory.glob(f"*/{DATA_FILE}")):
        name = path.parent.name
        data[name] = load(path, _CHECKED.get(name, AnyData)).model_dump(mode="json")
        _add(digest, f"{name}/{DATA_FILE}", path.read_bytes())
    for name, text in sources.items():
        _add(digest, name, text.encode())
    return Bundle(modules=sources, data=data, digest=f"sha256:{digest.hexdigest()}")


def _sources(directory: Path, *, with_tests: bool) -> Iterator[tuple[str, str]]:
    for path in sorted(directory.rglob("*.rego")):
        if with_tests or not path.name.endswith(TEST_SUFFIX):
            name = path.relative_to(directory).as_posix()
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                raise BadInput("the policy is not UTF-8", field=str(path), fix="save it as UTF-8") from error


def _add(digest: "hashlib._Hash", name: str, content: bytes) -> None:
    # The length keeps the end of one file and the name of the next apart.
    digest.update(f"{name}\0{len(content)}\0".encode())
    digest.update(content)
