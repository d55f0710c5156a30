"""Writes a bill of materials as CycloneDX 1.6 JSON: the same contents give the same bytes.

The serial number is derived from the rest of the document; there is a time stamp only where the caller gives one.
"""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component as CycloneComponent
from cyclonedx.model.component import ComponentType
from cyclonedx.model.tool import ToolRepository
from cyclonedx.model.vulnerability import Vulnerability
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from maestro import __version__
from maestro.canonical import canonical_json
from maestro.sbom.locked import Ecosystem, FileHash, Package

MEDIA_TYPE: Final = "application/vnd.cyclonedx+json; version=1.6"
NAMESPACE: Final = uuid.UUID("6f1d0a52-7c2e-5b8e-9a4f-3f5d1c0b7e21")
"""Of the serial numbers that are derived from a document's content."""

_PURL_TYPES: Final = {
    Ecosystem.PYPI: "pypi",
    Ecosystem.NPM: "npm",
    Ecosystem.CRATES: "cargo",
    Ecosystem.GO: "golang",
    Ecosystem.PACKAGIST: "composer",
    Ecosystem.MAVEN: "maven",
    Ecosystem.RUBYGEMS: "gem",
}
_NO_SERIAL: Final = uuid.UUID(int=1, version=4)
_NO_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Component:
    """A dependency of the head, from all files that have it. ``requires`` are refs of other components."""

    package: Package
    purl: str
    hashes: tuple[FileHash, ...]
    origins: tuple[str, ...]
    files: tuple[str, ...]
    requires: tuple[str, ...]

    @property
    def ref(self) -> str:
        return self.package.ref


@dataclass(frozen=True)
class Subject:
    """What the document is about: one commit of one repository, and the components that it asks for itself."""

    repo: str
    head_sha: str
    direct: tuple[str, ...]

    @property
    def ref(self) -> str:
        return f"{self.repo}@{self.head_sha}"


def purl(package: Package) -> str:
    """The package URL."""
    namespace, name = "", package.name
    separator = ":" if package.ecosystem is Ecosystem.MAVEN else "/"
    if separator in name:
        namespace, _, name = name.rpartition(separator)
    return PackageURL(_PURL_TYPES[package.ecosystem], namespace or None, name, package.version).to_string()


def document(
    subject: Subject,
    components: Iterable[Component],
    *,
    remarks: Iterable[tuple[str, str]] = (),
    vulnerabilities: Iterable[Vulnerability] = (),
    at: datetime | None = None,
) -> bytes:
    """The document's canonical bytes. ``remarks`` are names and values of the document's own properties."""
    listed = sorted(components, key=lambda each: each.package)
    root = CycloneComponent(
        name=subject.repo, version=subject.head_sha, type=ComponentType.APPLICATION, bom_ref=subject.ref
    )
    tool = CycloneComponent(name="maestro-conductor", version=__version__, type=ComponentType.APPLICATION)
    bom = Bom(
        serial_number=_NO_SERIAL,
        metadata=BomMetaData(
            component=root,
            tools=ToolRepository(components=[tool]),
            timestamp=at or _NO_TIME,
            properties=[Property(name=f"maestro:{name}", value=value) for name, value in remarks],
        ),
        vulnerabilities=vulnerabilities,
    )
    data: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    # The library takes time by the square of components and relations: seconds for two thousand. They are plain enough.
    data["components"] = [_component(each) for each in listed]
    data["dependencies"] = [
        {"ref": subject.ref, "dependsOn": sorted(set(subject.direct))},
        *({"ref": each.ref, "dependsOn": list(each.requires)} for each in listed),
    ]
    if at is None:
        del data["metadata"]["timestamp"]
    del data["serialNumber"]
    data["serialNumber"] = uuid.uuid5(NAMESPACE, canonical_json(data)).urn
    return canonical_json(data).encode()


def _component(each: Component) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": "library",
        "bom-ref": each.ref,
        "name": each.package.name,
        "version": each.package.version,
        "purl": each.purl,
        "evidence": {"occurrences": [{"location": path} for path in each.files]},
    }
    if each.hashes:
        shown["hashes"] = [{"alg": known.algorithm, "content": known.digits} for known in each.hashes]
    if each.origins:
        shown["properties"] = [{"name": "maestro:origin", "value": origin} for origin in each.origins]
    return shown
