"""Public keys that a signature can be believed by, their names, and the one check of a signature.

Four algorithms, each as openssl, cosign and slsa-verifier know it: RSA PKCS#1 v1.5 with SHA-256 (never PSS, which
cosign refuses), ECDSA on P-256 with SHA-256, ECDSA on P-384 (to verify only), Ed25519. Weak keys are refused.
"""

import hashlib
from enum import StrEnum

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from maestro.canonical import DIGEST_PREFIX
from maestro.errors import BadInput

RSA_BITS = 3072
"""Of keys that we make: 128 bits of strength, as P-256 and Ed25519 have."""

RSA_LEAST_BITS = 2048
RSA_MOST_BITS = 16_384
"""OpenSSL verifies no larger one, and the time that one signature takes grows with the square."""

RSA_EXPONENTS = range(65_537, 2**64)
"""Smaller ones have been the way into careless verifiers; OpenSSL takes no larger one with a large modulus."""

_PUBLIC_HEADER = b"-----BEGIN PUBLIC KEY-----"
_BEGIN = b"-----BEGIN "

PublicKey = RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey


class Algorithm(StrEnum):
    """How a message is signed. The value is the scheme's name in other tools."""

    RSA = "rsa-pkcs1v15-sha256"
    ECDSA = "ecdsa-p256-sha256"
    ECDSA_P384 = "ecdsa-p384-sha384"
    ED25519 = "ed25519"


_HASHES: dict[Algorithm, tuple[hashes.HashAlgorithm, ...]] = {
    Algorithm.ECDSA: (hashes.SHA256(),),
    # Tools disagree on the digest that belongs to P-384, and either is sound.
    Algorithm.ECDSA_P384: (hashes.SHA384(), hashes.SHA256()),
}


def load_public(pem: bytes, *, field: str) -> PublicKey:
    """The one public key in a PEM (SubjectPublicKeyInfo). Raises BadInput for anything else and for weak keys."""
    if pem.count(_BEGIN) != 1 or _PUBLIC_HEADER not in pem:
        raise _no_public_key(field)
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_public_key(field) from error
    return strong(key, field=field)


def strong(key: PublicKeyTypes, *, field: str) -> PublicKey:
    """The key, if its kind and size are ones that a signature can be believed by; else BadInput says why not."""
    weakness = _weakness(key)
    if weakness or not isinstance(key, PublicKey):
        raise BadInput(
            weakness or "the key is of a kind that is not used here",
            field=field,
            fix=f"use RSA with at least {RSA_LEAST_BITS} bits, ECDSA on P-256 or P-384, or Ed25519",
        )
    return key


def key_id(public: PublicKey) -> str:
    """``sha256:<hex>`` of the key's SubjectPublicKeyInfo in DER: the same wherever the key is known."""
    encoded = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return DIGEST_PREFIX + hashlib.sha256(encoded).hexdigest()


def public_pem(public: PublicKey) -> bytes:
    """The key as PEM (SubjectPublicKeyInfo), as openssl and cosign read it."""
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def algorithm_of(public: PublicKey) -> Algorithm:
    """The one way in which this key signs."""
    if isinstance(public, RSAPublicKey):
        return Algorithm.RSA
    if isinstance(public, Ed25519PublicKey):
        return Algorithm.ED25519
    return Algorithm.ECDSA if isinstance(public.curve, ec.SECP256R1) else Algorithm.ECDSA_P384


def verifies(public: PublicKey, message: bytes, *, signature: bytes) -> bool:
    """Whether the key made the signature over the message."""
    if isinstance(public, ec.EllipticCurvePublicKey):
        return any(_ecdsa(public, message, signature, digest) for digest in _HASHES[algorithm_of(public)])
    try:
        if isinstance(public, RSAPublicKey):
            public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            public.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _ecdsa(public: ec.EllipticCurvePublicKey, message: bytes, signature: bytes, digest: hashes.HashAlgorithm) -> bool:
    try:
        public.verify(signature, message, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True


def _weakness(key: PublicKeyTypes) -> str:
    if isinstance(key, RSAPublicKey):
        if key.key_size not in range(RSA_LEAST_BITS, RSA_MOST_BITS + 1):
            return f"an RSA key of {key.key_size} bits, where {RSA_LEAST_BITS} to {RSA_MOST_BITS} are accepted"
        if key.public_numbers().e not in RSA_EXPONENTS:
            return f"an RSA key with the public exponent {key.public_numbers().e}, where 65537 is usual"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
            return f"a key on the curve {key.curve.name}, where P-256 and P-384 are accepted"
    elif isinstance(key, Ed25519PublicKey) and _is_of_small_order(key):
        return "an Ed25519 key of small order, by which anybody can sign"
    return ""


def _is_of_small_order(key: Ed25519PublicKey) -> bool:
    """By the same point on Curve25519: X25519 gives no secret for the few points that eight times nothing are."""
    prime = 2**255 - 19
    y = (int.from_bytes(key.public_bytes_raw(), "little") & (2**255 - 1)) % prime
    if y == 1:
        return True  # the neutral element, which has no place on the other curve
    u = (1 + y) * pow(1 - y, -1, prime) % prime
    try:
        X25519PrivateKey.from_private_bytes(bytes(32)).exchange(
            X25519PublicKey.from_public_bytes(u.to_bytes(32, "little"))
        )
    except ValueError:
        return True
    return False


def _no_public_key(field: str) -> BadInput:
    return BadInput(
        "it is not one public key in PEM",
        field=field,
        fix="give a file with one block that begins with -----BEGIN PUBLIC KEY-----, and no private key",
    )
