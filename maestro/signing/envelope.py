"""DSSE envelopes: bytes with their type and a signature over both, as one JSON file.

The signature covers the payload's exact bytes, so nothing is parsed before it is verified and no two readings of the
same JSON can differ.
"""

import base64
import binascii
import json

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from maestro.canonical import canonical_json
from maestro.errors import BadInput
from maestro.signing.keys import Keyring

ENVELOPE_LIMIT_BYTES = 64 * 1024 * 1024
"""Larger than any statement that Maestro makes; what is larger is not even parsed."""

_BY_NAME = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class _Signature(BaseModel):
    model_config = _BY_NAME

    key_id: str = Field(alias="keyid", default="")
    signature: str = Field(alias="sig")


class _Envelope(BaseModel):
    model_config = _BY_NAME

    payload_type: str = Field(alias="payloadType")
    payload: str
    signatures: tuple[_Signature, ...] = Field(min_length=1)


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """What is really signed: type and payload with their lengths in bytes, so that neither can pass for the other."""
    kind = payload_type.encode()
    return b" ".join((b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload))


def seal(payload: bytes, *, payload_type: str, keys: Keyring) -> bytes:
    """The envelope of a payload, signed by the ring's own key. The same payload always gives the same bytes."""
    signature = keys.sign(pre_authentication_encoding(payload_type, payload))
    plain = {
        "payloadType": payload_type,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": keys.key_id, "sig": base64.b64encode(signature).decode()}],
    }
    return canonical_json(plain).encode()


def unseal(envelope: bytes, *, payload_type: str, keys: Keyring, field: str) -> bytes:
    """The payload, once a trusted key's signature over it and its type was verified.

    Raises BadInput, naming ``field``, for what is no envelope, of another type, signed by nobody who is trusted, or
    changed since.
    """
    parsed = _parsed(envelope, field=field)
    if parsed.payload_type != payload_type:
        raise BadInput(
            f"it holds {parsed.payload_type!r} where {payload_type!r} belongs", field=field, fix="name the right file"
        )
    payload = _decoded(parsed.payload, field=field)
    message = pre_authentication_encoding(payload_type, payload)
    known = [one for one in parsed.signatures if one.key_id in keys.trusted]
    if not known:
        signers = ", ".join(one.key_id[:19] or "an unnamed key" for one in parsed.signatures)
        raise BadInput(
            f"it is signed by {signers}, which this installation does not trust",
            field=field,
            fix="put the signer's public key beside the signing key as NAME.pub.pem, if you trust it",
        )
    if not any(
        keys.verifies(message, signature=_decoded(one.signature, field=field), key_id=one.key_id) for one in known
    ):
        raise BadInput(
            "its signature does not fit: it was changed after it was signed",
            field=field,
            fix="take the file from where it was made, or make it again",
        )
    return payload


def _parsed(envelope: bytes, *, field: str) -> _Envelope:
    if len(envelope) > ENVELOPE_LIMIT_BYTES:
        raise BadInput(f"{len(envelope)} bytes are no signed statement", field=field, fix="name the right file")
    try:
        return _Envelope.model_validate(json.loads(envelope))
    except (ValueError, ValidationError, RecursionError) as error:
        raise BadInput(
            "it is no signed envelope (DSSE)", field=field, fix="name a file that Maestro wrote, complete"
        ) from error


def _decoded(text: str, *, field: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput("a part of it is no base64", field=field, fix="take the file from where it was made") from error
