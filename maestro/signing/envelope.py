"""DSSE envelopes: bytes with their type and a signature over both, as one JSON file.

The signature covers the payload's exact bytes, so nothing is parsed before it is verified and no two readings of the
same JSON can differ. Base64 is standard or URL-safe, as DSSE allows, and always the one canonical form of its bytes.
"""

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from maestro.canonical import canonical_json
from maestro.errors import BadInput
from maestro.signing.keys import Keyring
from maestro.signing.strictjson import read_json

ENVELOPE_LIMIT_BYTES = 64 * 1024 * 1024
"""Larger than any statement that Maestro makes; what is larger is not even parsed."""

SIGNATURES_LIMIT = 16
"""Each may be tried with every trusted key, so their number bounds what a stranger's file can cost."""

PARTS_LIMIT = 10_000
"""Of an envelope, whose parts are few: what else stands in it is not read, and still would fill the memory."""

_BY_NAME = ConfigDict(frozen=True, extra="ignore", populate_by_name=False)


class TrustProblem(StrEnum):
    """Why an envelope was refused, in words that follow "refused:"."""

    NO_ENVELOPE = "no envelope"
    TOO_LARGE = "too large"
    WRONG_TYPE = "wrong type"
    REPEATED_KEY = "repeated key id"
    UNKNOWN_KEY = "unknown key"
    CHANGED = "changed after signing"
    WRONG_PURPOSE = "wrong purpose"
    NO_TIME = "no time"
    FUTURE = "time in the future"
    NOT_YET_VALID = "key not yet valid"
    EXPIRED = "expired key"
    REVOKED = "revoked key"
    COMPROMISED = "compromised key"


class SignatureRefused(BadInput):
    """An envelope that is not believed. ``problem`` is for counting, the sentence for people."""

    def __init__(self, message: str, *, problem: TrustProblem, field: str, fix: str) -> None:
        super().__init__(message, field=field, fix=fix)
        self.problem = problem


@dataclass(frozen=True)
class Signature:
    """One signature of an envelope. ``key_id`` is the file's own word for who made it, empty where it says nothing."""

    key_id: str
    signature: bytes


@dataclass(frozen=True)
class Opened:
    """An envelope's parts, none of them verified."""

    payload: bytes
    message: bytes
    signatures: tuple[Signature, ...]


class _Signature(BaseModel):
    model_config = _BY_NAME

    key_id: str | None = Field(alias="keyid", default=None)
    signature: str = Field(alias="sig")


class _Envelope(BaseModel):
    model_config = _BY_NAME

    payload_type: str = Field(alias="payloadType")
    payload: str
    signatures: tuple[_Signature, ...] = Field(min_length=1, max_length=SIGNATURES_LIMIT)


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """What is really signed: type and payload with their lengths in bytes, so that neither can pass for the other."""
    kind = payload_type.encode()
    return b" ".join((b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload))


def seal(payload: bytes, *, payload_type: str, keys: Keyring) -> bytes:
    """The envelope of a payload, signed by the ring's own key. The same payload always gives the same bytes, unless
    the key is an elliptic one in a device, which takes random numbers of its own.
    """
    signature = keys.sign(pre_authentication_encoding(payload_type, payload))
    plain = {
        "payloadType": payload_type,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": keys.key_id, "sig": base64.b64encode(signature).decode()}],
    }
    return canonical_json(plain).encode()


def unseal(envelope: bytes, *, payload_type: str, keys: Keyring, field: str) -> bytes:
    """The payload, once a trusted key's signature over it and its type was verified; no time is looked at.

    Raises SignatureRefused, naming ``field``, for what is no envelope, of another type, signed by nobody who is
    trusted, or changed since.
    """
    opened = open_envelope(envelope, payload_type=payload_type, field=field)
    known = [one for one in opened.signatures if one.key_id in keys.trusted]
    if not known:
        raise unknown_key(opened, field=field)
    if not any(keys.verifies(opened.message, signature=one.signature, key_id=one.key_id) for one in known):
        raise changed(field=field)
    return opened.payload


def open_envelope(envelope: bytes, *, payload_type: str, field: str) -> Opened:
    """The parts of an envelope of this type, none of them verified. Raises SignatureRefused for anything else."""
    parsed = _parsed(envelope, field=field)
    if parsed.payload_type != payload_type:
        raise SignatureRefused(
            f"it holds {parsed.payload_type[:100]!r} where {payload_type!r} belongs",
            problem=TrustProblem.WRONG_TYPE,
            field=field,
            fix="name the right file",
        )
    named = [one.key_id for one in parsed.signatures if one.key_id]
    if len(set(named)) != len(named):
        raise SignatureRefused(
            "two of its signatures name the same key",
            problem=TrustProblem.REPEATED_KEY,
            field=field,
            fix="take the file from where it was made",
        )
    payload = _decoded(parsed.payload, field=field)
    return Opened(
        payload=payload,
        message=pre_authentication_encoding(payload_type, payload),
        signatures=tuple(
            Signature(one.key_id or "", _decoded(one.signature, field=field)) for one in parsed.signatures
        ),
    )


def unknown_key(opened: Opened, *, field: str) -> SignatureRefused:
    """What to raise where nobody who is trusted signed."""
    signers = ", ".join(repr(one.key_id[:19])[1:-1] or "an unnamed key" for one in opened.signatures)
    return SignatureRefused(
        f"it is signed by {signers}, which this installation does not trust",
        problem=TrustProblem.UNKNOWN_KEY,
        field=field,
        fix="if you trust the signer, `maestro keys trust FILE` with the signer's public key or trust roots",
    )


def changed(*, field: str) -> SignatureRefused:
    """What to raise where a trusted key is named, and its signature does not fit."""
    return SignatureRefused(
        "its signature does not fit: it was changed after it was signed",
        problem=TrustProblem.CHANGED,
        field=field,
        fix="take the file from where it was made, or make it again",
    )


def _parsed(envelope: bytes, *, field: str) -> _Envelope:
    if len(envelope) > ENVELOPE_LIMIT_BYTES:
        raise SignatureRefused(
            f"{len(envelope)} bytes are no signed statement",
            problem=TrustProblem.TOO_LARGE,
            field=field,
            fix="name the right file",
        )
    try:
        return _Envelope.model_validate(read_json(envelope, parts_limit=PARTS_LIMIT))
    except ValidationError as error:
        raise _no_envelope(_first(error), field) from error
    except ValueError as error:
        raise _no_envelope(str(error), field) from error


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    at = ".".join(str(part)[:40] for part in detail["loc"])
    return f"{at}: {detail['msg']}" if at else detail["msg"]


def _no_envelope(why: str, field: str) -> SignatureRefused:
    return SignatureRefused(
        f"it is no signed envelope (DSSE): {why}",
        problem=TrustProblem.NO_ENVELOPE,
        field=field,
        fix="name a file that Maestro or another tool signed, complete",
    )


def _decoded(text: str, *, field: str) -> bytes:
    """The bytes of canonical base64 in one of the two alphabets; one value has one form in each."""
    for encode, alphabet in ((base64.b64encode, b"+/"), (base64.urlsafe_b64encode, b"-_")):
        try:
            content = base64.b64decode(text, altchars=alphabet, validate=True)
        except (binascii.Error, ValueError):
            continue
        if encode(content).decode() == text:
            return content
    raise _no_envelope("a part of it is no base64", field)
