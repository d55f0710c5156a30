"""Finds the envelopes in the files that came with a pull request, before any of them is believed.

A file is a DSSE envelope, a Sigstore bundle (v0.3) around one, or lines of these, as cosign and forges hand them out.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from maestro.attestations import strictjson
from maestro.attestations.names import PAYLOAD_TYPE
from maestro.canonical import canonical_json
from maestro.errors import MaestroError

TOTAL_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""Of all files together."""

ENTRIES_LIMIT: Final = 1_000
"""Envelopes in all files together."""

_BUNDLE: Final = "application/vnd.dev.sigstore.bundle"
_BUNDLE_TYPES: Final = (f"{_BUNDLE}.v0.3+json", f"{_BUNDLE}+json;version=0.3")
_LINE: Final = re.compile(rb"\S[^\n]*")
_URL_SAFE: Final = str.maketrans("-_", "+/")


@dataclass(frozen=True)
class Carried:
    """An envelope that was found, written canonically. ``where`` is its file, with the line if there are several."""

    where: str
    envelope: bytes


@dataclass(frozen=True)
class Refused:
    """What is not believed, and why. ``claimed_type`` is the predicate type that it states, which nobody has verified;
    empty where even that cannot be read.
    """

    where: str
    reason: str
    claimed_type: str = ""


def envelopes(provided: Sequence[tuple[str, bytes]]) -> Iterator[Carried | Refused]:
    """What is in the files, in their order, each by its name. Raises nothing: what cannot be used says why."""
    left, entries = TOTAL_LIMIT_BYTES, 0
    for name, content in provided:
        where = strictjson.shown(name)
        left -= len(content)
        if left < 0:
            yield Refused(where, f"the attestations are larger than {TOTAL_LIMIT_BYTES // 1024**2} MiB in all")
            continue
        for place, part in _parts(where, content):
            entries += 1
            if entries > ENTRIES_LIMIT:
                yield Refused(place, f"there are more than {ENTRIES_LIMIT:,} attestations; the others are not read")
                return
            yield _entry(place, part)


def _parts(where: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """The lines of a file that is one object a line; else the whole file."""
    first, _, rest = content.lstrip().partition(b"\n")
    if not (first.startswith(b"{") and first.rstrip().endswith(b"}") and rest.strip()):
        yield where, content
        return
    number, before = 1, 0
    for line in _LINE.finditer(content):
        number += content.count(b"\n", before, line.start())
        before = line.start()
        yield f"{where}, line {number}", line[0]


def _entry(where: str, content: bytes) -> Carried | Refused:
    try:
        return _carried(where, strictjson.read(content, field=where))
    except MaestroError as error:
        return Refused(where, error.message)


def _carried(where: str, document: JsonValue) -> Carried | Refused:
    if not isinstance(document, dict):
        return Refused(where, "it is no JSON object")
    if "payloadType" in document:
        return _enveloped(where, document)
    if "mediaType" not in document:
        return Refused(where, "it is neither a DSSE envelope nor a Sigstore bundle")
    envelope = document.get("dsseEnvelope")
    if not isinstance(envelope, dict):
        return Refused(where, "its Sigstore bundle signs a file, and states nothing")
    why = _unusable(document["mediaType"], document.get("verificationMaterial"))
    return Refused(where, why, claimed_type(envelope.get("payload"))) if why else _enveloped(where, envelope)


def _unusable(kind: JsonValue, material: JsonValue) -> str:
    """Why the key of a Sigstore bundle cannot be looked up; empty where it can."""
    if kind not in _BUNDLE_TYPES:
        return f"{strictjson.shown(str(kind))} is no Sigstore bundle v0.3"
    if not isinstance(material, dict):
        return "its Sigstore bundle names no key"
    if material.keys() & {"certificate", "x509CertificateChain"}:
        return "its Sigstore bundle is signed by a certificate, and no certificate authority is trusted here"
    key = material.get("publicKey")
    # The hint itself says nothing that has to be believed: the signature is held against the trust roots.
    return "" if isinstance(key, dict) and isinstance(key.get("hint", ""), str) else "its Sigstore bundle names no key"


def _enveloped(where: str, envelope: dict[str, JsonValue]) -> Carried | Refused:
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        kind = strictjson.shown(str(envelope.get("payloadType")))
        return Refused(where, f"its payload is {kind}, not {PAYLOAD_TYPE}", claimed_type(envelope.get("payload")))
    # Written again from what was read strictly, so that the next reader cannot read it differently.
    return Carried(where, canonical_json(envelope).encode())


def claimed_type(payload: JsonValue) -> str:
    """The predicate type in an envelope's payload, as far as it can be read; nobody has verified it."""
    try:
        content = base64.b64decode(str(payload).translate(_URL_SAFE), validate=True)
        document = strictjson.read(content, field="payload")
    except (binascii.Error, ValueError, MaestroError):
        return ""
    kind = document.get("predicateType") if isinstance(document, dict) else None
    return kind if isinstance(kind, str) else ""
