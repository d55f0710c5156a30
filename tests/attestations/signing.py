"""Keys for tests, each made once in a run, what trusts them, and envelopes as tools of others write them."""

import base64
import functools
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from maestro.attestations.names import PAYLOAD_TYPE, STATEMENT_TYPE
from maestro.signing.algorithms import Algorithm, load_public
from maestro.signing.envelope import seal
from maestro.signing.keys import Keyring
from maestro.signing.roots import TrustRoots
from maestro.signing.signers import make_private_pem, signer_of
from maestro.signing.trusted import Purpose, TrustedKey
from tests.evidence.samples import TREE
from tests.render.sample_cards import PULL_REQUEST

BUILDER = "https://ci.example/builder"


@functools.cache
def ring(algorithm: Algorithm, name: str = "") -> Keyring:
    """A ring with a key of its own for every name."""
    signer = signer_of(make_private_pem(algorithm), field=name)
    return Keyring(
        signer=signer, trusted=MappingProxyType({signer.key_id: load_public(signer.public_pem(), field=name)})
    )


def trusting(*rings: Keyring, **changed: Any) -> TrustRoots:
    """Roots with the keys of the rings, which may attest and speak for ``BUILDER``."""
    return TrustRoots(
        keys=tuple(
            TrustedKey.model_validate(
                {
                    "public_key": keys.public_pem().decode(),
                    "key_id": keys.key_id,
                    "name": f"ci {number}",
                    "purposes": (Purpose.ATTESTATIONS,),
                    "builders": (BUILDER,),
                    **changed,
                }
            )
            for number, keys in enumerate(rings)
        )
    )


def statement(predicate_type: str, predicate: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": "head", "digest": {"gitCommit": PULL_REQUEST.head_sha, "gitTree": TREE}}],
        "predicateType": predicate_type,
        "predicate": dict(predicate),
        **changed,
    }


def provenance(builder: str = BUILDER, **metadata: str) -> dict[str, Any]:
    return {"buildDefinition": {"buildType": "x"}, "runDetails": {"builder": {"id": builder}, "metadata": metadata}}


def signed(document: Mapping[str, Any] | bytes, keys: Keyring, *, payload_type: str = PAYLOAD_TYPE) -> bytes:
    payload = document if isinstance(document, bytes) else json.dumps(document).encode()
    return seal(payload, payload_type=payload_type, keys=keys)


def sigstore(envelope: bytes, **material: Any) -> bytes:
    """The envelope in a Sigstore bundle, as cosign wraps it: without a key id, with a hint."""
    inner = json.loads(envelope)
    for signature in inner["signatures"]:
        signature.pop("keyid", None)
    return json.dumps(
        {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": material or {"publicKey": {"hint": base64.b64encode(b"any").decode()}},
            "dsseEnvelope": inner,
        }
    ).encode()
