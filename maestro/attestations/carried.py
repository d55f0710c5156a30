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
from maestro.errors import BadInput, MaestroError

TOTAL_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""Of all files together."""

ENTRIES_LIMIT: Final = 1_000
"""Envelopes in all files together."""

SIGNATURES_LIMIT: Final = 16
"""Signatures on one envelope, each of which costs a verification."""

_BUNDLE: Final = "application/vnd.dev.sigstore.bundle"
_BUNDLE_TYPES: Final = frozenset({f"{_BUNDLE}.v0.3+json", f"{_BUNDLE}+json;version=0.3"})
_LINE: Final = re.compile(rb"\S[^\n]*")
_FIX: Final = "give DSSE envelopes, Sigstore bundles v0.3 signed by a key, or a file with one of them on each line"


@dataclass(frozen=True)
class Carried:
    """An envelope that was found. ``where`` is its file, with the line if there are several.

    ``hint`` is what a Sigstore bundle says of the key, beside the envelope. ``claimed_type`` is the predicate type that
    the payload states, empty where that cannot be read; nothing of it is verified.
    """

    where: str
    envelope: bytes
    hint: str = ""
    claimed_type: str = ""


@dataclass(frozen=True)
class Unread:
    """Something in which no envelope was found, and why. Nobody can say what it would have stated."""

    where: str
    reason: str
    claimed_type: str = ""


def envelopes(provided: Sequence[tuple[str, bytes]]) -> Iterator[Carried | Unread]:
    """What is in the files, in their order, each by its name. Raises nothing: what cannot be used says why."""
    left, entries = TOTAL_LIMIT_BYTES, 0
    for name, content in provided:
        where = strictjson.shown(name)
        left -= len(content)
        if left < 0:
            yield Unread(where, f"the attestations are larger than {TOTAL_LIMIT_BYTES // 1024**2} MiB in all")
            continue
        for place, part in _parts(where, content):
            entries += 1
            if entries > ENTRIES_LIMIT:
                yield Unread(place, f"there are more than {ENTRIES_LIMIT:,} attestations; the others are not read")
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


def _entry(where: str, content: bytes) -> Carried | Unread:
    try:
        return _carried(where, strictjson.read(content, field=where))
    except MaestroError as error:
        return Unread(where, error.message)


def _carried(where: str, document: JsonValue) -> Carried | Unread:
    if not isinstance(document, dict):
        raise BadInput("it is no JSON object", field=where, fix=_FIX)
    if "payloadType" in document:
        return _enveloped(where, document)
    if "mediaType" not in document:
        raise BadInput("it is neither a DSSE envelope nor a Sigstore bundle", field=where, fix=_FIX)
    envelope = document.get("dsseEnvelope")
    claimed = claimed_type(envelope.get("payload")) if isinstance(envelope, dict) else ""
    try:
        hint = _hint(where, document)
    except BadInput as error:
        return Unread(where, error.message, claimed)
    if not isinstance(envelope, dict):
        raise BadInput("its Sigstore bundle signs a file, and states nothing", field=where, fix=_FIX)
    return _enveloped(where, envelope, hint=hint)


def _hint(where: str, bundle: dict[str, JsonValue]) -> str:
    kind, material = bundle["mediaType"], bundle.get("verificationMaterial")
    if kind not in _BUNDLE_TYPES:
        raise BadInput(f"{strictjson.shown(str(kind))} is no Sigstore bundle v0.3", field=where, fix=_FIX)
    key = material.get("publicKey") if isinstance(material, dict) else None
    if isinstance(material, dict) and (material.keys() & {"certificate", "x509CertificateChain"}):
        raise BadInput(
            "its Sigstore bundle is signed by a certificate, and no certificate authority is trusted here",
            field=where,
            fix="sign by a key of the trust roots",
        )
    if not isinstance(key, dict):
        raise BadInput("its Sigstore bundle names no key", field=where, fix=_FIX)
    hint = key.get("hint", "")
    if not isinstance(hint, str):
        raise BadInput("the hint of its Sigstore bundle is no text", field=where, fix=_FIX)
    return hint


def _enveloped(where: str, envelope: dict[str, JsonValue], *, hint: str = "") -> Carried | Unread:
    claimed = claimed_type(envelope.get("payload"))
    signatures = envelope.get("signatures")
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        kind = strictjson.shown(str(envelope.get("payloadType")))
        return Unread(where, f"its payload is {kind}, not {PAYLOAD_TYPE}", claimed)
    if not isinstance(signatures, list) or not 1 <= len(signatures) <= SIGNATURES_LIMIT:
        return Unread(where, f"it has no list of 1 to {SIGNATURES_LIMIT} signatures", claimed)
    # Written again from what was read strictly, so that the next reader cannot read it differently.
    return Carried(where, canonical_json(envelope).encode(), hint, claimed)


def claimed_type(payload: JsonValue) -> str:
    """The predicate type in an envelope's payload, as far as it can be read; nobody has verified it."""
    try:
        document = strictjson.read(base64.b64decode(str(payload), validate=True), field="payload")
    except (binascii.Error, ValueError, MaestroError):
        return ""
    kind = document.get("predicateType") if isinstance(document, dict) else None
    return kind if isinstance(kind, str) else ""
