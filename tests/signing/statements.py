"""Signers, trust roots and sealed statements for tests; keys are made once, because RSA takes its time."""

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from maestro.signing.algorithms import Algorithm
from maestro.signing.envelope import pre_authentication_encoding
from maestro.signing.roots import TrustRoots
from maestro.signing.signers import FileSigner, make_private_pem, signer_of
from maestro.signing.trust import Verified, time_at, verify_envelope
from maestro.signing.trusted import Purpose, TrustedKey

KIND = "application/vnd.in-toto+json"
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAYLOAD = json.dumps({"at": (NOW - HOUR).isoformat(), "verdict": "green"}).encode()


@cache
def signer(algorithm: Algorithm = Algorithm.ED25519, number: int = 0) -> FileSigner:
    return signer_of(make_private_pem(algorithm), field="a test")


def private_pem(key: PrivateKeyTypes, password: bytes = b"") -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def public_pem(key: PrivateKeyTypes) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def weak_keys() -> dict[str, PrivateKeyTypes]:
    return {
        "1024 bits": rsa.generate_private_key(65537, 1024),
        "the public exponent 3": rsa.generate_private_key(3, 2048),
        "the curve secp256k1": ec.generate_private_key(ec.SECP256K1()),
        "the curve secp521r1": ec.generate_private_key(ec.SECP521R1()),
    }


def entry(one: FileSigner, **bounds: Any) -> TrustedKey:
    return TrustedKey.model_validate(
        {
            "public_key": one.public_pem().decode(),
            "key_id": one.key_id,
            "name": "a signer",
            "purposes": ("evidence",),
            **bounds,
        }
    )


def roots(*keys: TrustedKey) -> TrustRoots:
    return TrustRoots(keys=keys)


def signature(
    one: FileSigner, payload: bytes = PAYLOAD, *, kind: str = KIND, key_id: str | None = None
) -> dict[str, str]:
    made = one.sign(pre_authentication_encoding(kind, payload))
    return {"keyid": one.key_id if key_id is None else key_id, "sig": base64.b64encode(made).decode()}


def envelope(*signatures: dict[str, str], payload: bytes = PAYLOAD, kind: str = KIND, **more: Any) -> bytes:
    plain = {"payloadType": kind, "payload": base64.b64encode(payload).decode(), "signatures": signatures, **more}
    return json.dumps(plain).encode()


def verify(content: bytes, trust: TrustRoots, *, purpose: Purpose = Purpose.EVIDENCE, now: datetime = NOW) -> Verified:
    return verify_envelope(
        content, payload_type=KIND, trust=trust, signed_at=time_at("at"), now=now, purpose=purpose, field="bundle.json"
    )
